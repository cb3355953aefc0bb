"""Who is on call, taking over for a while, and that pages go to whoever it is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.scenarios.assertions import buttons, direct, of_kind, rest, typed, words
from tests.scenarios.running import World, written

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
    return written(tmp_path, POLICY)


async def test_oncall_says_who_is_on_call_now_and_next_in_the_readers_time(here: World) -> None:
    reply = await here.maya.command("#general", "/incident oncall secondary")
    said = str(reply.message.blocks if reply.message else "")
    assert "secondary" in said
    assert here.tom.mention in said
    assert "Priya" in said
    assert "Next:" in said
    assert len(re.findall(r"<!date\^", said)) == 2


async def test_oncall_lists_every_schedule_and_its_gaps(here: World) -> None:
    said = await typed(here, "maya", "#general", "/incident oncall")
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
async def test_an_invalid_argument_of_oncall_is_answered_with_an_example_that_works(here: World, line: str) -> None:
    said = await typed(here, "maya", "#general", f"/incident {line}")
    assert "/incident" in said.partition("This works: ")[2]


async def test_a_person_who_covers_is_paged_until_the_cover_ends(here: World) -> None:
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


async def test_page_pages_one_person_directly_and_in_the_channel(here: World) -> None:
    channel = await here.declared("sev4 Search is slow", by="maya")
    await rest(here)
    said = await typed(here, "maya", channel.name, "/incident page @tom the queue is yours")
    assert "Paged now" in said
    await rest(here)
    (page,) = [m for m in direct(here, TOM) if "paged" in m.text]
    assert {"I'm on it", "Can't"} <= set(buttons(page))
    assert "the queue is yours" in words(here, page)
    (called,) = [m for m in here.ws.bot_messages(channel.id) if TOM in here.ws.mentioned(m)]
    assert "I'm on it" in buttons(called)
    (entry,) = of_kind(await here.show(), "page")
    assert entry["actor"] == here.maya.id
    assert entry["key"]
    await here.tom.press(page, "I'm on it")
    await rest(here)
    assert (await here.show())["status"] == "acknowledged"
    assert here.tom.id in channel.members
    assert buttons(next(m for m in direct(here, TOM) if m.ts == page.ts)) == []


async def test_page_pages_the_person_on_call_and_says_if_nobody_is(here: World) -> None:
    channel = await here.declared("sev4 Search is slow", by="maya")
    await typed(here, "maya", channel.name, "/incident page primary")
    await rest(here)
    assert any("paged" in m.text for m in direct(here, TOM))
    said = await typed(here, "maya", channel.name, "/incident page later we need the night shift")
    assert "nobody is on call on later now" in said.lower()
    assert "This works: `/incident page" in said
    assert len(of_kind(await here.show(), "page")) == 1


async def test_cant_tells_the_channel_who_cannot_come(here: World) -> None:
    channel = await here.declared("sev4 Search is slow", by="maya")
    await typed(here, "maya", channel.name, "/incident page @tom")
    await rest(here)
    (page,) = [m for m in direct(here, TOM) if "paged" in m.text]
    await here.tom.press(page, "Can't")
    await rest(here)
    assert any("can't respond" in words(here, m) for m in here.ws.bot_messages(channel.id))
    assert (await here.show())["status"] == "detected"


@pytest.mark.parametrize("line", ["page", "page nights", "page @nobody"])
async def test_page_needs_a_known_person_or_schedule(here: World, line: str) -> None:
    channel = await here.declared("sev4 Search is slow", by="maya")
    said = await typed(here, "maya", channel.name, f"/incident {line}")
    assert "This works: `/incident page @maya" in said
    assert of_kind(await here.show(), "page") == []


async def test_the_card_shows_gaps_of_later_rungs_from_the_start(here: World) -> None:
    channel = await here.declared("sev1 Payments are down")
    await rest(here)
    assert "Rung 2 would reach nobody: nobody is on call on later now." in words(here, here.card(channel))
    await typed(here, "maya", channel.name, "/incident cover later for 2h")
    await typed(here, "maya", channel.name, "/incident status investigating")
    await rest(here)
    assert "would reach nobody" not in words(here, here.card(channel))


async def test_a_rung_whose_schedule_has_nobody_on_call_tells_the_channel(here: World) -> None:
    channel = await here.declared("sev1 Payments are down")
    await here.pass_time(minutes=20)
    said = "\n".join(words(here, m) for m in here.ws.bot_messages(channel.id))
    assert "nobody is on call on later now" in said
