"""The people on call, covers, and pages to the person on call."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.scenarios.assertions import buttons, direct_messages, of_kind, settle, type_command, words
from tests.scenarios.running import World, policy_file

TOM, PRIYA = "U0TOM00000", "U0PRIYA000"
POLICY = f"""
preset: sev1-5
announce: "#incidents"
contacts: {{tom: {{name: Tom, slack: {TOM}}}, priya: {{name: Priya, slack: priya@example.com}}}}
schedules:
  primary: {{timezone: Europe/Berlin, handoff: "mon 09:00", start: 2026-01-05, members: [tom]}}
  secondary: {{timezone: Europe/Berlin, handoff: "mon 09:00", start: 2026-01-05, members: [tom, priya]}}
  later: {{timezone: Europe/Berlin, handoff: "mon 09:00", start: 2099-01-05, members: [priya]}}
severities:
  sev1: {{respond_within: null, escalate_after: null, roles: [], notify_executives: false,
    ladder: [{{after: 0m, notify: ["schedule:primary"], by: [slack]}}, {{after: 20m, notify: ["schedule:later"]}}]}}
  sev4: {{ladder: []}}
"""


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    return policy_file(tmp_path, POLICY)


async def test_oncall_says_who_is_on_call_now_and_next_in_the_readers_time(world: World) -> None:
    reply = await world.maya.command("#general", "/incident oncall secondary")
    said = str(reply.message.blocks if reply.message else "")
    assert "secondary" in said
    assert world.tom.mention in said
    assert "Priya" in said
    assert "Next:" in said
    assert len(re.findall(r"<!date\^", said)) == 2


async def test_oncall_lists_every_schedule_and_its_gaps(world: World) -> None:
    said = await type_command(world, "maya", "#general", "/incident oncall")
    assert "primary" in said
    assert "secondary" in said
    assert "later · nobody is on call now" in said.replace("*", "")


@pytest.mark.parametrize(
    "line",
    [
        "oncall nights", "cover nights for 2h", "cover for 2h", "cover primary tomorrow", "cover primary for soon",
        "cover primary from mon 09:00", "cover primary for 2h until 18:00", "cover primary from 25:00 for 2h",
        "cover primary from tomorrow 18:00 until tomorrow 17:00", "cover primary from 2020-01-01 18:00 for 2h",
    ],
)  # fmt: skip
async def test_an_invalid_argument_of_oncall_is_answered_with_an_example_that_works(world: World, line: str) -> None:
    said = await type_command(world, "maya", "#general", f"/incident {line}")
    assert "/incident" in said.partition("This works: ")[2]


async def test_a_person_who_covers_is_paged_until_the_cover_ends(world: World) -> None:
    said = await type_command(world, "maya", "#general", "/incident cover primary for 2h")
    assert "You are on call on primary for 2h" in said.replace("*", "")
    now = await type_command(world, "tom", "#general", "/incident oncall primary")
    assert "covering" in now
    await world.declare("sev1 Payments are down", by="priya")
    await settle(world)
    assert any("paged" in m.text for m in direct_messages(world, world.maya.id))
    assert not any("paged" in m.text for m in direct_messages(world, TOM))
    await world.pass_time(hours=2, minutes=1)
    await world.priya.command("#general", "/incident declare sev1 Payments are down again")
    await settle(world)
    assert any("INC-2" in m.text for m in direct_messages(world, TOM))
    assert not any("INC-2" in m.text for m in direct_messages(world, world.maya.id))


async def test_the_same_press_of_return_twice_is_one_override(world: World) -> None:
    await type_command(world, "maya", "#general", "/incident cover primary for 2h")
    await type_command(world, "priya", "#general", "/incident cover primary for 1h")
    said = await type_command(world, "tom", "#general", "/incident oncall primary")
    assert world.priya.user.name in said.lower()


async def test_page_pages_one_person_directly_and_in_the_channel(world: World) -> None:
    channel = await world.declare("sev4 Search is slow", by="maya")
    await settle(world)
    said = await type_command(world, "maya", channel.name, "/incident page @tom the queue is yours")
    assert "Paged now" in said
    await settle(world)
    (page,) = [m for m in direct_messages(world, TOM) if "paged" in m.text]
    assert {"I'm on it", "Can't"} <= set(buttons(page))
    assert "the queue is yours" in words(world, page)
    (called,) = [m for m in world.ws.bot_messages(channel.id) if TOM in world.ws.mentioned(m)]
    assert "I'm on it" in buttons(called)
    (entry,) = of_kind(await world.show(), "page")
    assert entry["actor"] == world.maya.id
    assert entry["key"]
    await world.tom.press(page, "I'm on it")
    await settle(world)
    assert (await world.show())["status"] == "acknowledged"
    assert world.tom.id in channel.members
    assert buttons(next(m for m in direct_messages(world, TOM) if m.ts == page.ts)) == []


async def test_page_pages_the_person_on_call_and_says_if_nobody_is(world: World) -> None:
    channel = await world.declare("sev4 Search is slow", by="maya")
    await type_command(world, "maya", channel.name, "/incident page primary")
    await settle(world)
    assert any("paged" in m.text for m in direct_messages(world, TOM))
    said = await type_command(world, "maya", channel.name, "/incident page later we need the night shift")
    assert "nobody is on call on later now" in said.lower()
    assert "This works: `/incident page" in said
    assert len(of_kind(await world.show(), "page")) == 1


async def test_cant_tells_the_channel_who_cannot_come(world: World) -> None:
    channel = await world.declare("sev4 Search is slow", by="maya")
    await type_command(world, "maya", channel.name, "/incident page @tom")
    await settle(world)
    (page,) = [m for m in direct_messages(world, TOM) if "paged" in m.text]
    await world.tom.press(page, "Can't")
    await settle(world)
    assert any("can't respond" in words(world, m) for m in world.ws.bot_messages(channel.id))
    assert (await world.show())["status"] == "detected"


@pytest.mark.parametrize("line", ["page", "page nights", "page @nobody"])
async def test_page_needs_a_known_person_or_schedule(world: World, line: str) -> None:
    channel = await world.declare("sev4 Search is slow", by="maya")
    said = await type_command(world, "maya", channel.name, f"/incident {line}")
    assert "This works: `/incident page @maya" in said
    assert of_kind(await world.show(), "page") == []


async def test_the_card_shows_gaps_of_later_rungs_from_the_start(world: World) -> None:
    channel = await world.declare("sev1 Payments are down")
    await settle(world)
    assert "Rung 2 would reach nobody: nobody is on call on later now." in words(world, world.card(channel))
    await type_command(world, "maya", channel.name, "/incident cover later for 2h")
    await type_command(world, "maya", channel.name, "/incident status investigating")
    await settle(world)
    assert "would reach nobody" not in words(world, world.card(channel))


async def test_a_rung_whose_schedule_has_nobody_on_call_tells_the_channel(world: World) -> None:
    channel = await world.declare("sev1 Payments are down")
    await world.pass_time(minutes=20)
    said = "\n".join(words(world, m) for m in world.ws.bot_messages(channel.id))
    assert "nobody is on call on later now" in said
