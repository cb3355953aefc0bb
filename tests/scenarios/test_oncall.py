"""Who is on call, taking over for a while, and that pages go to whoever it is."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sandbox import Message
from tests.scenarios.looking import rest, typed, words
from tests.scenarios.running import World, world

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
"""


@pytest.fixture
async def here(sqlite_url: str, tmp_path: Path) -> AsyncIterator[World]:
    policy = tmp_path / "policy.yml"
    policy.write_text(POLICY)
    async with world(sqlite_url, policy=policy) as running:
        yield running


def direct(here: World, person: str) -> list[Message]:
    where = [c for c in here.ws.state.channels.values() if c.is_im and person in c.members]
    return [m for c in where for m in here.ws.bot_messages(c.id)]


async def test_oncall_says_who_is_on_call_now_and_next_in_the_readers_time(here: World) -> None:
    reply = await here.maya.command("#general", "/incident oncall secondary")
    said = str(reply.message.blocks if reply.message else "")
    assert "secondary" in said
    assert here.tom.mention in said
    assert "Priya" in said
    assert "Next:" in said
    assert len(re.findall(r"<!date\^", said)) == 2


async def test_oncall_lists_every_schedule_and_says_gaps_aloud(here: World) -> None:
    said = await typed(here, "maya", "#general", "/incident oncall")
    assert "primary" in said
    assert "secondary" in said
    assert "later · nobody is on call now" in said.replace("*", "")


@pytest.mark.parametrize("line", ["oncall nights", "cover nights for 2h", "cover primary", "cover for 2h", "cover"])
async def test_what_cannot_be_understood_is_answered_with_a_line_that_works(here: World, line: str) -> None:
    said = await typed(here, "maya", "#general", f"/incident {line}")
    assert "/incident" in said.partition("This works: ")[2]


async def test_whoever_covers_is_on_call_and_is_paged_until_it_ends(here: World) -> None:
    said = await typed(here, "maya", "#general", "/incident cover primary for 2h")
    assert "You are on call on primary for 2h" in said.replace("*", "")
    now = await typed(here, "tom", "#general", "/incident oncall primary")
    assert "covering" in now
    await here.declared("sev1 Payments are down", by="priya")
    await rest(here)
    assert any("paged" in m.text for m in direct(here, here.maya.id))
    assert not any("paged" in m.text for m in direct(here, TOM))
    await here.pass_time(hours=2, minutes=1)
    await here.priya.command("#general", "/incident declare sev1 Payments are down again")
    await rest(here)
    assert any("INC-2" in m.text for m in direct(here, TOM))
    assert not any("INC-2" in m.text for m in direct(here, here.maya.id))


async def test_the_same_press_of_return_twice_is_one_override(here: World) -> None:
    await typed(here, "maya", "#general", "/incident cover primary for 2h")
    await typed(here, "priya", "#general", "/incident cover primary for 1h")
    said = await typed(here, "tom", "#general", "/incident oncall primary")
    assert here.priya.user.name in said.lower()


async def test_a_rung_whose_schedule_covers_nobody_is_said_aloud(here: World) -> None:
    channel = await here.declared("sev1 Payments are down")
    await here.pass_time(minutes=20)
    said = "\n".join(words(here, m) for m in here.ws.bot_messages(channel.id))
    assert "nobody is on call on later now" in said
