"""The bot's messages during an hour of a sev1: one line for each act of a person, one live reminder."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sandbox import Message
from tests.scenarios.assertions import buttons, direct_messages, of_kind, settle, type_command, words
from tests.scenarios.running import World, running_world

INSIDE = "inc-1-checkout-is-down"
SIX = ("maya", "tom", "lena", "priya", "noor", "sam")
MOST_MESSAGES = 12
POLICY = """
preset: sev1-5
contacts:
  tom: {name: Tom Okafor, slack: U0TOM00000}
  priya: {name: Priya Shah, slack: U0PRIYA000}
schedules:
  primary: {timezone: Europe/Berlin, rotation: weekly, handoff: "mon 09:00", start: 2026-01-05, members: [tom]}
  secondary: {timezone: Europe/Berlin, rotation: weekly, handoff: "mon 09:00", start: 2026-01-05, members: [priya]}
"""


@pytest.fixture
async def hour(sqlite_url: str, tmp_path: Path) -> AsyncIterator[World]:
    policy = tmp_path / "policy.yml"
    policy.write_text(POLICY)
    async with running_world(sqlite_url, policy=policy) as running:
        yield running


def channel_messages(world: World) -> list[Message]:
    """The bot's messages in the channel, threads left out."""
    return world.ws.bot_messages(INSIDE, threads=False)


async def test_an_hour_of_a_sev1_with_six_people_is_at_most_twelve_messages(hour: World) -> None:
    world = hour
    await world.declare("sev1 Checkout is down")
    await settle(world)
    for name in SIX[1:]:
        await world.ws.person(name).join(INSIDE)
    await world.pass_time(minutes=2)
    await world.tom.press(world.card(world.ws.channel(INSIDE)), "Acknowledge")
    await world.pass_time(minutes=2)
    await type_command(world, "tom", INSIDE, "/incident lead @tom")
    await world.tom.press(world.card(world.ws.channel(INSIDE)), "Assign roles")
    roles = {"Technical lead": "priya", "Communications lead": "lena", "Scribe": "noor", "Subject matter expert": "sam"}
    await world.tom.fill(world.tom.view, roles)
    assert (await world.tom.submit()).ok
    await world.pass_time(minutes=6)
    await update(world, "lena", "We see 5xx on checkout since the deploy at 02:47", "Investigating")
    await world.pass_time(minutes=16)  # the next update is late
    (first,) = [message for message in channel_messages(world) if is_reminder(message)]
    await world.pass_time(minutes=15)  # and later
    (live,) = [message for message in channel_messages(world) if is_reminder(message)]
    assert live.ts != first.ts
    assert first not in channel_messages(world), "a replaced reminder is deleted; its row keeps the record"
    assert len(of_kind(await world.show(), "reminder")) == 2
    await update(world, "lena", "Deploy 4512 broke the tax service; rolling it back", "Identified")
    await world.priya.say(INSIDE, "rolled back in eu-west")
    await world.pass_time(minutes=10)
    await update(world, "lena", "Rolled back everywhere; errors are going down", "Monitoring")
    await world.pass_time(minutes=9)
    await world.tom.press(world.card(world.ws.channel(INSIDE)), "Resolve")
    await world.tom.fill(world.tom.view, {"What fixed it?": "Rolled back deploy 4512"})
    assert (await world.tom.submit()).ok
    await settle(world)
    shown = [words(world, message) for message in channel_messages(world)]
    assert len(shown) <= MOST_MESSAGES, "\n---\n".join(shown)
    (roles_set,) = [text for text in shown if "set the roles" in text]
    assert roles_set.count("\n") == 0
    assert "Acknowledged → *Investigating*" in "\n".join(shown)
    assert not [text for text in shown if "changed the status" in text]
    assert not [message for message in channel_messages(world) if is_reminder(message)]


def is_reminder(message: Message) -> bool:
    """Whether it is a reminder that still has its buttons."""
    return "Snooze 15m" in buttons(message)


async def test_a_person_who_is_paged_is_not_told_what_only_operators_can_mend(hour: World) -> None:
    world = hour
    await world.declare("sev1 Checkout is down")
    await world.maya.command("#general", "/incident declare sev1 Search is down")
    await world.incident_channel(2)
    await settle(world)
    pages = [
        words(world, m)
        for m in [*channel_messages(world), *direct_messages(world, world.tom.id)]
        if "sev1 was declared" in words(world, m)
    ]
    assert len(pages) >= 2
    assert not [text for text in pages if "not set up" in text]
    (line,) = [words(world, m) for m in world.ws.bot_messages("incidents") if "For operators" in words(world, m)]
    assert "PagerDuty is not set up" in line, "once a day, not once a page"


async def test_a_new_role_holder_is_sent_three_duties_and_where_the_others_are(world: World) -> None:
    await world.declare("sev2 Checkout is down")
    await world.tom.join(INSIDE)
    await type_command(world, "maya", INSIDE, "/incident lead @tom")
    await settle(world)
    (message,) = direct_messages(world, world.tom.id, "You are Incident commander")
    assert words(world, message).count("•") == 3
    assert "duties: `/incident roles --in INC-1`" in words(world, message)


async def test_an_update_that_resolves_is_one_message(world: World) -> None:
    await world.declare("sev2 Checkout is down")
    await world.lena.join(INSIDE)
    await update(world, "lena", "Rolled back; all is well", "Resolved")
    posted = [words(world, m) for m in channel_messages(world) if m not in world.ws.pinned(world.ws.channel(INSIDE).id)]
    (message,) = [text for text in posted if "Update #1" in text]
    assert "→ *Resolved*" in message
    assert not [text for text in posted if "*resolved* INC-1" in text]


async def update(world: World, name: str, text: str, status: str) -> None:
    person = world.ws.person(name)
    await person.press(world.card(world.ws.channel(INSIDE)), "Update status")
    await person.fill(person.view, {"What changed?": text, "Status": status})
    assert (await person.submit()).ok
    await settle(world)
