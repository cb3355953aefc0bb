"""Reads the workspace for scenarios: texts, buttons and private messages, and waits until the bot is idle."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from sandbox import Channel, Message, Workspace
from sandbox.forms import actionable
from sandbox.model import Ephemeral
from sandbox.text import message_lines
from storage.outbox import census
from tests.scenarios.running import World
from tests.waiting import WITHIN_S


async def settle(world: World) -> None:
    """Wait until the bot has taken every event and sent every notice that can go."""
    async with asyncio.timeout(WITHIN_S):
        while not await _resting(world):
            await asyncio.sleep(0.005)  # the outbox marks its rows in the database, which rings no bell


async def _resting(world: World) -> bool:
    await world.ws.settled(WITHIN_S)
    async with world.tocsin.database.reading() as conn:
        depth = await census.count_by_state(conn)
    return not depth["queued"] and not depth["leased"] and world.ws.delivery.in_flight <= 0


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(WITHIN_S):
        while not condition():
            await asyncio.sleep(0.02)


def words(world: World, message: Message | Ephemeral | None) -> str:
    """A message as a person reads it."""
    assert message is not None
    return "\n".join(message_lines(world.ws.state, message))


def buttons(message: Message | Ephemeral | None) -> list[str]:
    assert message is not None
    return [field.label for field in actionable(message.blocks or []) if field.kind == "button"]


def direct_messages(world: World, person: str, about: str = "") -> list[Message]:
    """The bot's direct messages to a person whose text contains `about`."""
    rooms = [c for c in world.ws.state.channels.values() if c.is_im and person in c.members]
    return [m for room in rooms for m in world.ws.bot_messages(room.id) if about in m.text]


async def ephemeral_texts(world: World, name: str) -> list[str]:
    """The texts of a person's ephemeral messages, once the bot is idle."""
    await settle(world)
    return [words(world, message) for message in world.ws.ephemerals(name)]


async def type_command(world: World, name: str, channel: str, line: str) -> str:
    """Type a command as a person; returns the text of the private answer."""
    reply = await world.ws.person(name).command(channel, line)
    assert reply.ok, reply
    return words(world, reply.message) if reply.message else ""


async def answer_to(world: World, name: str, channel: str, line: str) -> str:
    """The text of the private answer to a command, also if it is a message of its own: a table, or charts."""
    before = len(world.ws.ephemerals(name))
    reply_text = await type_command(world, name, channel, line)
    if reply_text:
        return reply_text
    await settle(world)
    new = world.ws.ephemerals(name)[before:]
    assert len(new) == 1, new
    return words(world, new[0])


async def declare(world: World, text: str = "sev2 Checkout is down", by: str = "maya") -> Channel:
    """Declare an incident in one line, and wait until the bot is idle. Returns its channel."""
    channel = await world.declare(text, by)
    await settle(world)
    return channel


def of_kind(incident: dict[str, Any], *kinds: str) -> list[dict[str, Any]]:
    return [entry for entry in incident["timeline"] if entry["kind"] in kinds]


def texts(entries: Iterable[dict[str, Any]]) -> list[str]:
    return [entry["text"] for entry in entries]


def all_messages(world: World) -> list[Message]:
    """Every message in every channel, threads included."""
    return [m for log in world.ws.state.logs.values() for m in log.messages.values()]


def example_of(answer: str) -> str:
    """The example command in an answer."""
    _, separator, after = answer.partition("This works: ")
    assert separator, answer
    return after.splitlines()[0].strip("`")


def announcements(world: World, channel: str = "incidents") -> list[Message]:
    """The bot's messages in the announcement channel, without threads."""
    return [m for m in world.ws.bot_messages(channel, threads=False) if m.thread_ts in (None, m.ts)]


def doubled_keys(ws: Workspace) -> list[str]:
    """The metadata of messages that were posted more than once, as JSON."""
    keys = Counter(
        json.dumps(message.metadata, sort_keys=True)
        for log in ws.state.logs.values()
        for message in log.messages.values()
        if message.user == ws.bot.id and message.metadata
    )
    return [key for key, count in keys.items() if count > 1]
