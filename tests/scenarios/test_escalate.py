"""Escalate asks once, naming whom it pages; a second press or a second person pages no further rung by accident."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.scenarios.assertions import buttons, declare, ephemeral_texts, of_kind, settle, type_command, words
from tests.scenarios.running import World

INSIDE = "inc-1-checkout-is-down"
POLICY = """
preset: sev1-5
announce: "#incidents"
severities:
  sev2:
    ladder:
      - {after: 1h, notify: ["user:U0TOM00000"], by: [slack]}
      - {after: 2h, notify: ["user:U0PRIYA000"], by: [slack]}
      - {after: 3h, notify: ["user:U0LENA0000"], by: [slack]}
"""


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    path = tmp_path / "policy.yml"
    path.write_text(POLICY)
    return path


async def paged_rungs(world: World) -> list[int]:
    await settle(world)
    return [entry["data"]["rung"] for entry in of_kind(await world.show(), "page")]


async def test_escalate_asks_once_and_names_whom_it_pages(world: World) -> None:
    channel = await declare(world)
    await world.maya.press(world.card(channel), "Escalate")
    answers = await ephemeral_texts(world, "maya")
    assert answers[-1].startswith("Page rung 1 of INC-1 now: @tom (Slack)?")
    assert await paged_rungs(world) == []
    await world.maya.press(world.ws.ephemerals("maya")[-1], "Page them")
    assert "Paged now for INC-1, rung 1: @tom" in (await ephemeral_texts(world, "maya"))[-1]
    assert await paged_rungs(world) == [1]


async def test_a_double_press_on_escalate_pages_one_rung(world: World) -> None:
    """By one person, and by two half a second apart."""
    channel = await declare(world)
    for name in ("maya", "maya", "noor"):
        await world.ws.person(name).press(world.card(channel), "Escalate")
    await settle(world)
    questions = [(name, shown) for name in ("maya", "noor") for shown in world.ws.ephemerals(name)]
    questions = [(name, shown) for name, shown in questions if "Page them" in buttons(shown)]
    assert len(questions) == 3
    for name, shown in questions:
        await world.ws.person(name).press(shown, "Page them")
    assert await paged_rungs(world) == [1]
    answer = (await ephemeral_texts(world, "noor"))[-1]
    assert "@maya escalated INC-1" in answer
    assert "Page rung 2 as well: @priya (Slack)?" in answer
    await world.noor.press(world.ws.ephemerals("noor")[-1], "Page them")
    assert await paged_rungs(world) == [1, 2]


async def test_a_second_escalation_typed_a_moment_later_is_asked_about_and_keeps_its_reason(world: World) -> None:
    await declare(world)
    await world.noor.join(INSIDE)
    assert "rung 1: @tom" in await type_command(world, "maya", INSIDE, "/incident escalate The disk: it is full")
    reply = await world.noor.command(INSIDE, "/incident escalate The database: it is down")
    assert "Page rung 2 as well: @priya (Slack)?" in words(world, reply.message)
    assert await paged_rungs(world) == [1]
    assert reply.message is not None
    await world.noor.press(reply.message, "Page them")
    assert await paged_rungs(world) == [1, 2]
    assert "The database: it is down" in [entry["text"] for entry in of_kind(await world.show(), "escalated")]


async def test_page_names_everybody_who_is_mentioned(world: World) -> None:
    await declare(world)
    answer = await type_command(world, "maya", INSIDE, "/incident page @tom, @priya and @lena because @noor says so")
    assert "Paged now for INC-1: @tom, @priya, @lena" in answer
    await settle(world)
    (entry,) = of_kind(await world.show(), "page")
    assert entry["data"]["people"] == [world.tom.id, world.priya.id, world.lena.id]
