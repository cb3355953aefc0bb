"""Actions against the bot and people: archive channels, remove members, delete messages, revoke the token."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

from sandbox import Message, NotVisible, SlackError
from tests.torture.acts import pick
from tests.torture.outsiders import act_as_guest, remove
from tests.torture.people import metadata_key
from tests.torture.schedule import PEOPLE, Step

if TYPE_CHECKING:
    from tests.torture.world import World

ADMIN = "sam"  # only admins may delete messages of others


async def workspace_act(world: World, step: Step) -> None:
    """Do one step. Skip it if its object does not exist yet, or if Slack does not allow it."""
    with contextlib.suppress(SlackError, NotVisible, LookupError):
        await WORKSPACE_ACTS[step.what.removeprefix("act:")](world, step)


async def _archive(world: World, step: Step) -> None:
    """Archive an incident's channel; unarchive it later, unless the night is over by then."""
    channel = pick(world.people.channels(), step.pick)
    person = world.ws.person(_person(step))
    await person.join(channel.id)
    await person.archive(channel.id)
    world.people.archived += 1
    if step.more["for_s"] is not None:
        await asyncio.sleep(step.more["for_s"])
        await person.unarchive(channel.id)


async def _kick(world: World, step: Step) -> None:
    """Remove the bot from a public channel, which it joins again."""
    channel = pick([channel for channel in world.people.channels() if channel.is_public], step.pick)
    person = world.ws.person(_person(step))
    await person.join(channel.id)
    await person.kick(channel.id, world.ws.bot.id)
    world.people.kicked.append(channel.id)


async def _token(world: World, step: Step) -> None:
    """Slack refuses the token for a while. Overlapping outages end together."""
    world.ws.revoke()
    world.people.outages += 1
    await asyncio.sleep(step.more["for_s"])
    world.ws.accept_token()


async def _erase(world: World, step: Step) -> None:
    """Delete some of the bot's messages in channels: the card, announcements, reminders, pages, updates."""
    for number in range(step.more["number"]):
        message = pick(_erasable(world), step.pick * (97 + number) % 1)
        world.people.erased.add(metadata_key(message))
        await world.ws.person(ADMIN).delete(message)


def _erasable(world: World) -> list[Message]:
    channels = [c for c in world.ws.state.channels.values() if not c.is_im and not c.is_archived]
    messages = [message for channel in channels for message in world.ws.bot_messages(channel.id)]
    return [message for message in messages if metadata_key(message)]


def _person(step: Step) -> str:
    return PEOPLE[int(step.pick * 97 % len(PEOPLE))]


WORKSPACE_ACTS: dict[str, Any] = {
    "archive": _archive, "kick": _kick, "token": _token, "erase": _erase, "remove": remove, "guest": act_as_guest,
}  # fmt: skip
