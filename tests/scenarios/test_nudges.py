"""Reminders and pages: recipients, times, reasons, and what ends them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from sandbox import Channel, Message
from tests.scenarios.assertions import direct_messages
from tests.scenarios.running import World, policy_file, running_world

TOM, PRIYA = "U0TOM00000", "U0PRIYA000"
POLICY = f"""
preset: sev1-5
announce: "#incidents"
contacts: {{priya: {{name: Priya, slack: priya@example.com}}}}
severities:
  sev1:
    respond_within: 5m
    update_every: 15m
    escalate_after: 30m
    roles: [commander]
    ladder:
      - {{after: 0m, notify: ["user:{TOM}"], by: [slack]}}
      - {{after: 20m, notify: ["contact:priya"], by: [slack]}}
  sev2: {{respond_within: null, update_every: 15m, escalate_after: null, roles: [], ladder: []}}
  sev3: {{respond_within: null, update_every: null, escalate_after: null, roles: [commander], ladder: []}}
"""


@pytest.fixture
async def world(database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    async with running_world(database_url, policy=policy_file(tmp_path, POLICY)) as running:
        yield running


def nudges(world: World, channel: Channel, *, live: bool = False) -> list[Message]:
    """Reminders, by what they say; `live` ones still have their buttons."""
    found = [m for m in world.ws.bot_messages(channel.id) if m.metadata and _is_nudge(m)]
    return [m for m in found if "Snooze 15m" in str(m.blocks)] if live else found


def _is_nudge(message: Message) -> bool:
    return "Snooze 15m" in str(message.blocks) or message.text.startswith((":heavy_check_mark:", "Superseded by"))


def pages(world: World, person: str) -> list[Message]:
    return direct_messages(world, person, "INC-")


async def reminder(world: World, kind: str, **wanted: Any) -> dict[str, Any]:
    rows = (await world.show())["reminders"]
    return next(r for r in rows if r["kind"] == kind and all(r[key] == value for key, value in wanted.items()))


async def test_an_update_that_is_not_posted_is_asked_for_with_a_mention(world: World) -> None:
    channel = await world.declare("sev2 Checkout is down")
    await world.pass_time(minutes=15)
    (message,) = nudges(world, channel)
    assert world.maya.id in world.ws.mentioned(message)
    for label in ("Post update", "Snooze 15m", "Snooze 1h"):
        assert label in str(message.blocks)
    row = await reminder(world, "update", state="sent")
    assert row["reason"] == "an update is due"
    assert (await reminder(world, "update", state="waiting"))["due_at"] > row["due_at"]


async def test_only_the_latest_reminder_has_buttons(world: World) -> None:
    channel = await world.declare("sev2 Checkout is down")
    for _ in range(3):
        await world.pass_time(minutes=15)
    assert len(nudges(world, channel)) == 1, "those that it replaced are deleted"
    assert "Snooze 15m" in str(nudges(world, channel)[0].blocks)
    assert [row["state"] for row in (await world.show())["reminders"] if row["kind"] == "update"].count("sent") == 3


async def test_a_replaced_reminder_that_people_answered_stays(world: World) -> None:
    channel = await world.declare("sev2 Checkout is down")
    await world.tom.join(channel.name)
    await world.pass_time(minutes=15)
    (first,) = nudges(world, channel)
    await world.tom.reply(first, "I'll write it")
    await world.pass_time(minutes=15)
    second = nudges(world, channel)[-1]
    await world.tom.react(second, "eyes")
    await world.pass_time(minutes=15)
    assert first in nudges(world, channel)
    assert second in nudges(world, channel)
    assert first.text == second.text == "Superseded by a newer reminder."


async def test_a_posted_update_answers_the_reminder_and_starts_the_cadence_anew(world: World) -> None:
    channel = await world.declare("sev2 Checkout is down")
    await world.pass_time(minutes=15)
    await world.maya.command(channel.id, "/incident update rolling back")
    await world.delivered()
    assert nudges(world, channel, live=True) == []
    assert "update #1" in nudges(world, channel)[0].text
    await world.pass_time(minutes=14)
    assert len(nudges(world, channel)) == 1
    await world.pass_time(minutes=2)
    assert len(nudges(world, channel)) == 2


async def test_snoozing_quiets_it_and_the_card_says_who_and_until_when(world: World) -> None:
    channel = await world.declare("sev2 Checkout is down")
    await world.pass_time(minutes=15)
    await world.maya.press(nudges(world, channel)[0], "Snooze 1h")
    await world.delivered()
    assert nudges(world, channel, live=True) == []
    assert world.maya.mention in str(world.card(channel).blocks)
    assert "quiet" in str(world.card(channel).blocks).lower() or "snooz" in str(world.card(channel).blocks).lower()
    await world.pass_time(minutes=59)
    assert nudges(world, channel, live=True) == []
    await world.pass_time(minutes=2)
    assert len(nudges(world, channel, live=True)) == 1


async def test_in_a_busy_channel_the_reminder_is_one_gentle_line(world: World) -> None:
    channel = await world.declare("sev2 Checkout is down")
    await world.pass_time(minutes=14)
    for number in range(3):
        await world.tom.join(channel.id)
        await world.tom.say(channel.id, f"looking at pod {number}")
    await world.ws.settled()
    await world.pass_time(minutes=1)
    (message,) = nudges(world, channel)
    assert world.ws.mentioned(message) == set()
    assert "Post update" in str(message.blocks)
    assert "softened" in (await reminder(world, "update", state="sent"))["reason"]
    await world.pass_time(minutes=15)
    assert world.maya.id in world.ws.mentioned(nudges(world, channel)[-1])


async def test_a_reminder_due_while_the_bot_was_away_is_sent_once_and_says_how_late(world: World) -> None:
    channel = await world.declare("sev2 Checkout is down")
    await world.pass_time(hours=2)
    (message,) = nudges(world, channel)
    assert "late" in message.text + str(message.blocks)
    assert "late by 1h45m" in (await reminder(world, "update", state="sent"))["reason"]


async def test_an_empty_required_role_is_asked_for_until_it_is_held(world: World) -> None:
    channel = await world.declare("sev3 Search is slow")
    await world.pass_time(minutes=10)
    (message,) = nudges(world, channel)
    assert "Incident commander" in str(message.blocks)
    assert "Assign roles" in str(message.blocks)
    await world.maya.command(channel.id, "/incident lead @tom")
    await world.delivered()
    assert nudges(world, channel, live=True) == []
    assert (await reminder(world, "role", state="sent"))["reason"] == "required roles are empty"


async def test_the_first_rung_is_paged_at_declare_in_the_channel_and_directly(world: World) -> None:
    channel = await world.declare("sev1 Payments are down")
    await world.delivered()
    mentions = [m for m in world.ws.bot_messages(channel.id) if TOM in world.ws.mentioned(m)]
    assert mentions
    (page,) = pages(world, TOM)
    assert "I'm on it" in str(page.blocks)
    assert "Can't" in str(page.blocks)
    row = await reminder(world, "acknowledge", rung=1)
    assert row["state"] == "sent"


async def test_not_acknowledged_in_time_pages_the_next_rung_once(world: World) -> None:
    await world.declare("sev1 Payments are down")
    await world.pass_time(minutes=5)
    assert len(pages(world, PRIYA)) == 1
    await world.pass_time(minutes=20)
    assert len(pages(world, TOM)) == len(pages(world, PRIYA)) == 1
    assert "paged early" in (await reminder(world, "acknowledge", rung=2))["reason"]


async def test_im_on_it_stops_the_ladder_and_settles_the_page(world: World) -> None:
    channel = await world.declare("sev1 Payments are down")
    await world.delivered()
    (page,) = pages(world, TOM)
    await world.tom.press(page, "I'm on it")
    await world.delivered()
    whole = await world.show()
    assert whole["status"] == "acknowledged"
    assert "I'm on it" not in str(pages(world, TOM)[0].blocks)
    assert world.tom.id in world.ws.channel(channel.id).members
    await world.pass_time(minutes=25)
    assert pages(world, PRIYA) == []
    row = await reminder(world, "acknowledge", rung=2)
    assert row["state"] == "skipped"
    assert "acknowledged by" in row["reason"]


async def test_cant_calls_the_next_rung_at_once(world: World) -> None:
    await world.declare("sev1 Payments are down")
    await world.delivered()
    await world.tom.press(pages(world, TOM)[0], "Can't")
    await world.delivered()
    assert len(pages(world, PRIYA)) == 1
    assert (await world.show())["status"] == "detected"


async def test_not_mitigated_in_time_pages_the_next_rung_though_acknowledged(world: World) -> None:
    await world.declare("sev1 Payments are down")
    await world.delivered()
    await world.tom.press(pages(world, TOM)[0], "I'm on it")
    await world.pass_time(minutes=30)
    assert len(pages(world, PRIYA)) == 1
    assert "not mitigated within 30m" in (await reminder(world, "mitigate", rung=None))["reason"]


async def test_the_channel_is_told_when_the_ladder_has_ended(world: World) -> None:
    channel = await world.declare("sev1 Payments are down")
    await world.pass_time(minutes=5)
    await world.pass_time(minutes=26)
    assert any("Nobody" in m.text or "nobody" in m.text for m in world.ws.bot_messages(channel.id))


async def test_after_resolution_nothing_is_sent(world: World) -> None:
    channel = await world.declare("sev1 Payments are down")
    await world.delivered()
    await world.maya.command(channel.id, "/incident resolve fixed")
    await world.delivered()
    before = len(world.ws.bot_messages(channel.id))
    await world.pass_time(hours=5)
    assert len(world.ws.bot_messages(channel.id)) == before
    assert pages(world, PRIYA) == []
    assert {r["state"] for r in (await world.show())["reminders"]} <= {"sent", "skipped", "cancelled"}


async def paged_rungs(world: World) -> list[dict[str, Any]]:
    """The rungs that paged, and why."""
    return [row for row in (await world.show())["reminders"] if row["reason"].startswith("paged: ")]


async def test_reopening_arms_reminders_and_ladder_afresh(world: World) -> None:
    channel = await world.declare("sev1 Payments are down")
    await world.delivered()
    await world.maya.command(channel.id, "/incident resolve fixed")
    await world.maya.command(channel.id, "/incident reopen it is back")
    await world.pass_time(seconds=1)
    assert len(pages(world, TOM)) == 2
    assert [row["reason"] for row in await paged_rungs(world)] == [
        f"paged: sev1 was declared — <@{TOM}> (Slack)", f"paged: sev1 was reopened — <@{TOM}> (Slack)",
    ]  # fmt: skip


async def test_escalate_by_hand_pages_the_next_rung_now(world: World) -> None:
    channel = await world.declare("sev1 Payments are down")
    await world.delivered()
    reply = await world.maya.command(channel.id, "/incident escalate we need the database people")
    await world.delivered()
    assert "rung 2" in reply.text
    assert len(pages(world, PRIYA)) == 1
    assert "escalated" in await world.kinds()


async def test_raising_the_severity_starts_its_ladder_and_lowering_pages_nobody(world: World) -> None:
    channel = await world.declare("sev2 Checkout is slow")
    await world.maya.command(channel.id, "/incident severity sev1 all of it")
    await world.pass_time(seconds=1)
    assert len(pages(world, TOM)) == 1
    assert [row["reason"] for row in await paged_rungs(world)] == [f"paged: it is sev1 now — <@{TOM}> (Slack)"]
    await world.maya.command(channel.id, "/incident severity sev2 not all of it")
    await world.maya.command(channel.id, "/incident severity sev1 all again")
    await world.pass_time(seconds=1)
    assert len(pages(world, TOM)) == 1


async def test_why_explains_every_reminder_and_page(world: World) -> None:
    channel = await world.declare("sev1 Payments are down")
    await world.pass_time(minutes=6)
    reply = await world.maya.command(channel.id, "/incident why")
    said = str(reply.blocks)
    for words in ("not acknowledged within 5m", "paged early", "sev1 asks for an update every 15m"):
        assert words in said
