"""Helpers for scenarios with playbook runs: open one, press its buttons, read its messages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sandbox import Channel, Message
from tests.scenarios import assertions
from tests.scenarios.assertions import declare, of_kind, settle, texts, type_command
from tests.scenarios.running import World

CHECKLIST, FAILOVER = "first-five-minutes", "database-failover"


# What a person fills in when the failover is opened.
VALUES = {
    "namespace": "production", "primary": "postgres-primary-0", "primary_set": "postgres-primary",
    "replica": "postgres-replica-0", "service": "postgres", "old_label": "postgres-primary",
    "new_label": "postgres-replica",
}  # fmt: skip


SCALE = "kubectl scale statefulset/postgres-primary -n production --replicas=0"


QUIET = "respond_within: null, update_every: null, escalate_after: null, roles: []"


POLICY = f"""
preset: sev1-5
announce: "#incidents"
severities:
  sev2: {{{QUIET}, ladder: [{{after: 9h, notify: ["user:U0PRIYA000"], by: [slack]}}]}}
"""


def policy_file(folder: Path, more: str = "") -> Path:
    policy = folder / "policy.yml"
    policy.write_text(POLICY + more)
    return policy


def words(world: World, message: Any) -> str:
    """The text of a message, without marks for bold and italic."""
    return assertions.words(world, message).replace("*", "").replace("_", "")


async def ephemeral_texts(world: World, name: str) -> list[str]:
    return [text.replace("*", "") for text in await assertions.ephemeral_texts(world, name)]


async def start_incident(world: World, text: str = "sev2 Checkout is down") -> Channel:
    channel = await declare(world, text)
    await type_command(world, "maya", channel.name, "/incident invite @tom @priya")
    await settle(world)
    return channel


async def open_run(world: World, channel: Channel, name: str = CHECKLIST, by: str = "maya") -> Message:
    await type_command(world, by, channel.name, f"/incident playbook {name}")
    await settle(world)
    if name == FAILOVER:
        await fill_form(world, by, **{f"value:{blank}": value for blank, value in VALUES.items()})
    return run_message(world, channel)


def run_messages(world: World, channel: Channel) -> list[Message]:
    return [m for m in world.ws.bot_messages(channel.name) if set("▱▰") & set(words(world, m))]


def run_message(world: World, channel: Channel) -> Message:
    return run_messages(world, channel)[-1]


async def press(world: World, who: str, shown: Any, name: str, option: str | None = None) -> None:
    await world.ws.person(who).press(shown, name, option)
    await settle(world)


async def fill_form(world: World, who: str, **values: str) -> None:
    person = world.ws.person(who)
    labels = {
        one["label"]["text"].replace(" ", "_").replace("?", "_"): one["block_id"]
        for one in person.view.body["blocks"]
        if one["type"] == "input"
    }
    await person.fill(person.view, {labels.get(name, name): value for name, value in values.items()})
    reply = await person.submit()
    assert reply.ok, reply
    await settle(world)


async def to_step(world: World, channel: Channel, key: str, by: str = "maya") -> Message:
    """Press Done until this step is the current one."""
    message = run_message(world, channel)
    while f"# {key} " not in words(world, message):
        await press(world, by, message, "Done")
        message = run_message(world, channel)
    return message


def direct_messages(world: World, name: str, about: str = "asks for approval") -> list[Message]:
    rooms = [c for c in world.ws.state.channels.values() if c.is_im and world.ws.user(name).id in c.members]
    return [m for room in rooms for m in world.ws.bot_messages(room.id) if about in words(world, m)]


def request(world: World, channel: Channel, about: str = "asks for approval") -> Message:
    return next(m for m in reversed(world.ws.bot_messages(channel.name)) if about in words(world, m))


async def playbook_entries(world: World, number: int = 1) -> list[str]:
    """The texts of the timeline's entries about playbooks, without the playbook's name."""
    return [text.partition(", ")[2] or text for text in texts(of_kind(await world.show(number), "playbook"))]


async def ask_for_failover(world: World, by: str = "maya") -> tuple[Channel, Message]:
    channel = await start_incident(world)
    await type_command(world, "tom", channel.name, "/incident lead me")
    await open_run(world, channel, FAILOVER)
    await press(world, by, await to_step(world, channel, "2.1"), "Ask for approval")
    return channel, request(world, channel)


async def assign_to(world: World, who: str, to: str) -> None:
    person = world.ws.person(who)
    await person.fill(person.view, {"Who does it?": to})
    await person.submit()
    await settle(world)
