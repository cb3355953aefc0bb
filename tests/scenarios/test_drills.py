"""Drills: ordinary incidents that are marked in every message and page nobody."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox import Channel
from tests.scenarios.assertions import (
    all_messages,
    announcements,
    buttons,
    direct_messages,
    of_kind,
    settle,
    type_command,
    words,
)
from tests.scenarios.running import World, policy_file
from tests.scenarios.test_nudges import POLICY, PRIYA, TOM


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    return policy_file(tmp_path, POLICY)


async def drill(world: World, words: str = "sev1 The database is gone") -> Channel:
    await type_command(world, "maya", "#general", f"/incident drill {words}")
    await world.ws.until(
        lambda: world.ws.find_channel("drill-inc-1") and world.ws.pinned("drill-inc-1-the-database-is-gone")
    )
    await settle(world)
    return world.ws.channel("drill-inc-1-the-database-is-gone")


async def test_a_drill_is_marked_in_every_message(world: World) -> None:
    channel = await drill(world)
    assert (await world.show())["drill"] is True
    assert "DRILL" in channel.topic["value"]
    assert "[DRILL] INC-1" in words(world, world.card(channel))
    (announced,) = announcements(world)
    assert "[DRILL]" in announced.text
    assert "[DRILL]" in words(world, announced)
    assert "[DRILL]" in await type_command(world, "tom", "#general", "/incident list")


async def test_a_drill_pages_nobody_and_says_what_would_have_been_sent(world: World) -> None:
    channel = await drill(world)
    await world.pass_time(minutes=6)
    await type_command(world, "maya", channel.name, "/incident page @tom come and see")
    await settle(world)
    about = [m for m in world.ws.bot_messages(channel.id) if "would page" in m.text]
    assert len(about) == 3
    assert "tom" in words(world, about[0]).lower()
    assert "priya" in words(world, about[1]).lower()
    posted = [m for m in all_messages(world) if m.user == world.ws.bot.id]
    assert not any({TOM, PRIYA} & world.ws.mentioned(m) for m in posted)
    assert {world.tom.id, world.priya.id}.isdisjoint(channel.members)
    assert not any(m for m in posted if world.ws.state.channels[m.channel].is_im and "paged" in m.text)
    shown = await world.show()
    assert of_kind(shown, "page") == []
    assert len(of_kind(shown, "drill")) == 3
    assert {r["state"] for r in shown["reminders"] if r["kind"] in ("acknowledge", "mitigate")} <= {
        "skipped",
        "waiting",
    }


async def test_a_drill_needs_neither_severity_nor_title(world: World) -> None:
    await type_command(world, "maya", "#general", "/incident drill")
    await settle(world)
    shown = await world.show()
    assert (shown["title"], shown["severity"]) == ("Drill", "sev1")


async def test_a_drill_of_a_playbook_is_named_after_it_and_opens_it(world: World) -> None:
    await type_command(world, "maya", "#general", "/incident drill Database-Performance")
    await settle(world)
    channel = world.ws.channel("drill-inc-1-database-performance")
    shown = await world.show()
    assert (shown["title"], shown["drill"], shown["severity"]) == ("Database performance", True, "sev1")
    messages = [words(world, message) for message in world.ws.bot_messages(channel.id)]
    assert any("*Database performance* · ▱▱▱▱▱▱▱▱▱▱ *0 of 12*" in message for message in messages), messages
    assert not any("Open playbook" in buttons(message) for message in world.ws.bot_messages(channel.id))


async def test_a_drill_is_counted_nowhere(world: World) -> None:
    await drill(world)
    async with world.tocsin.session.get(f"http://127.0.0.1:{world.tocsin.port}/metrics") as answer:
        said = await answer.text()
    assert 'severity="sev1"} 1' not in said


async def test_direct_requests_of_a_drill_stay_marked_after_its_end(world: World) -> None:
    channel = await drill(world)
    said = await type_command(world, "maya", channel.name, "/incident page @tom")
    assert "[DRILL] Nobody is paged. Otherwise this would page, for INC-1: @tom." in said
    await type_command(world, "maya", channel.name, "/incident handover @tom")
    await settle(world)
    (brief,) = direct_messages(world, TOM)
    assert "I ask again, then say whom I would page." in words(world, brief)
    await world.pass_time(minutes=6)
    await type_command(world, "maya", channel.name, "/incident resolve Over")
    await settle(world)
    told = [*direct_messages(world, TOM), *world.ws.bot_messages(channel.id)]
    assert [m.text for m in told if not m.text.startswith("[DRILL]")] == []
