"""Helpers for scenarios with playbook runs: open one, press its buttons, read its messages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sandbox import Channel, Message
from tests.scenarios import assertions
from tests.scenarios.assertions import declared, of_kind, rest, texts, typed
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


def written(folder: Path, more: str = "") -> Path:
    policy = folder / "policy.yml"
    policy.write_text(POLICY + more)
    return policy


def words(here: World, message: Any) -> str:
    """As read, without what makes it bold."""
    return assertions.words(here, message).replace("*", "").replace("_", "")


async def told(here: World, name: str) -> list[str]:
    return [text.replace("*", "") for text in await assertions.told(here, name)]


async def started(here: World, text: str = "sev2 Checkout is down") -> Channel:
    channel = await declared(here, text)
    await typed(here, "maya", channel.name, "/incident invite @tom @priya")
    await rest(here)
    return channel


async def opened(here: World, channel: Channel, name: str = CHECKLIST, by: str = "maya") -> Message:
    await typed(here, by, channel.name, f"/incident playbook {name}")
    await rest(here)
    if name == FAILOVER:
        await filled(here, by, **{f"value:{blank}": value for blank, value in VALUES.items()})
    return run_message(here, channel)


def run_messages(here: World, channel: Channel) -> list[Message]:
    return [m for m in here.ws.bot_messages(channel.name) if set("▱▰") & set(words(here, m))]


def run_message(here: World, channel: Channel) -> Message:
    return run_messages(here, channel)[-1]


async def press(here: World, who: str, shown: Any, name: str, option: str | None = None) -> None:
    await here.ws.person(who).press(shown, name, option)
    await rest(here)


async def filled(here: World, who: str, **values: str) -> None:
    person = here.ws.person(who)
    labels = {
        one["label"]["text"].replace(" ", "_").replace("?", "_"): one["block_id"]
        for one in person.view.body["blocks"]
        if one["type"] == "input"
    }
    await person.fill(person.view, {labels.get(name, name): value for name, value in values.items()})
    reply = await person.submit()
    assert reply.ok, reply
    await rest(here)


async def to_step(here: World, channel: Channel, key: str, by: str = "maya") -> Message:
    """Press on until it is the turn of this step."""
    message = run_message(here, channel)
    while f"# {key} " not in words(here, message):
        await press(here, by, message, "Done")
        message = run_message(here, channel)
    return message


def direct(here: World, name: str, about: str = "asks for approval") -> list[Message]:
    rooms = [c for c in here.ws.state.channels.values() if c.is_im and here.ws.user(name).id in c.members]
    return [m for room in rooms for m in here.ws.bot_messages(room.id) if about in words(here, m)]


def request(here: World, channel: Channel, about: str = "asks for approval") -> Message:
    return next(m for m in reversed(here.ws.bot_messages(channel.name)) if about in words(here, m))


async def acts(here: World, number: int = 1) -> list[str]:
    """The texts of the timeline's entries about playbooks, without the playbook's name."""
    return [text.partition(", ")[2] or text for text in texts(of_kind(await here.show(number), "playbook"))]


async def failover_asked(here: World, by: str = "maya") -> tuple[Channel, Message]:
    channel = await started(here)
    await typed(here, "tom", channel.name, "/incident lead me")
    await opened(here, channel, FAILOVER)
    await press(here, by, await to_step(here, channel, "2.1"), "Ask for approval")
    return channel, request(here, channel)


async def assign_to(here: World, who: str, to: str) -> None:
    person = here.ws.person(who)
    await person.fill(person.view, {"Who does it?": to})
    await person.submit()
    await rest(here)
