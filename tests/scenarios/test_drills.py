"""Drills: an incident like any other, marked wherever it stands, that pages nobody."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox import Channel
from tests.scenarios.assertions import all_messages, announcements, direct, of_kind, rest, typed, words
from tests.scenarios.running import World, written
from tests.scenarios.test_nudges import POLICY, PRIYA, TOM


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    return written(tmp_path, POLICY)


async def drill(here: World, words: str = "sev1 The database is gone") -> Channel:
    await typed(here, "maya", "#general", f"/incident drill {words}")
    await here.ws.until(
        lambda: here.ws.find_channel("drill-inc-1") and here.ws.pinned("drill-inc-1-the-database-is-gone")
    )
    await rest(here)
    return here.ws.channel("drill-inc-1-the-database-is-gone")


async def test_a_drill_is_marked_in_every_message(here: World) -> None:
    channel = await drill(here)
    assert (await here.show())["drill"] is True
    assert "DRILL" in channel.topic["value"]
    assert "[DRILL] INC-1" in words(here, here.card(channel))
    (announced,) = announcements(here)
    assert "[DRILL]" in announced.text
    assert "[DRILL]" in words(here, announced)
    assert "[DRILL]" in await typed(here, "tom", "#general", "/incident list")


async def test_a_drill_pages_nobody_and_says_what_would_have_been_sent(here: World) -> None:
    channel = await drill(here)
    await here.pass_time(minutes=6)
    await typed(here, "maya", channel.name, "/incident page @tom come and see")
    await rest(here)
    about = [m for m in here.ws.bot_messages(channel.id) if "would page" in m.text]
    assert len(about) == 3
    assert "tom" in words(here, about[0]).lower()
    assert "priya" in words(here, about[1]).lower()
    posted = [m for m in all_messages(here) if m.user == here.ws.bot.id]
    assert not any({TOM, PRIYA} & here.ws.mentioned(m) for m in posted)
    assert {here.tom.id, here.priya.id}.isdisjoint(channel.members)
    assert not any(m for m in posted if here.ws.state.channels[m.channel].is_im and "paged" in m.text)
    shown = await here.show()
    assert of_kind(shown, "page") == []
    assert len(of_kind(shown, "drill")) == 3
    assert {r["state"] for r in shown["reminders"] if r["kind"] in ("acknowledge", "mitigate")} <= {
        "skipped",
        "waiting",
    }


async def test_a_drill_needs_neither_severity_nor_title(here: World) -> None:
    await typed(here, "maya", "#general", "/incident drill")
    await rest(here)
    shown = await here.show()
    assert (shown["title"], shown["severity"]) == ("Drill", "sev1")


async def test_a_drill_is_counted_nowhere(here: World) -> None:
    await drill(here)
    async with here.tocsin.session.get(f"http://127.0.0.1:{here.tocsin.port}/metrics") as answer:
        said = await answer.text()
    assert 'severity="sev1"} 1' not in said


async def test_direct_requests_of_a_drill_stay_marked_after_its_end(here: World) -> None:
    channel = await drill(here)
    said = await typed(here, "maya", channel.name, "/incident page @tom")
    assert "[DRILL] Nobody is paged. Otherwise this would page, for INC-1: @tom." in said
    await typed(here, "maya", channel.name, "/incident handover @tom")
    await rest(here)
    (brief,) = direct(here, TOM)
    assert "I ask again, then say whom I would page." in words(here, brief)
    await here.pass_time(minutes=6)
    await typed(here, "maya", channel.name, "/incident resolve Over")
    await rest(here)
    told = [*direct(here, TOM), *here.ws.bot_messages(channel.id)]
    assert [m.text for m in told if not m.text.startswith("[DRILL]")] == []
