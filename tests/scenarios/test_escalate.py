"""Escalate asks once, naming whom it pages; a second press or a second person pages no further rung by accident."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.scenarios.assertions import buttons, declared, of_kind, rest, told, typed, words
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


async def paged(here: World) -> list[int]:
    await rest(here)
    return [entry["data"]["rung"] for entry in of_kind(await here.show(), "page")]


async def test_escalate_asks_once_and_names_whom_it_pages(here: World) -> None:
    channel = await declared(here)
    await here.maya.press(here.card(channel), "Escalate")
    answers = await told(here, "maya")
    assert answers[-1].startswith("Page rung 1 of INC-1 now: @tom (Slack)?")
    assert await paged(here) == []
    await here.maya.press(here.ws.ephemerals("maya")[-1], "Page them")
    assert "Paged now for INC-1, rung 1: @tom" in (await told(here, "maya"))[-1]
    assert await paged(here) == [1]


async def test_a_double_press_on_escalate_pages_one_rung(here: World) -> None:
    """By one person, and by two half a second apart."""
    channel = await declared(here)
    for name in ("maya", "maya", "noor"):
        await here.ws.person(name).press(here.card(channel), "Escalate")
    await rest(here)
    questions = [(name, shown) for name in ("maya", "noor") for shown in here.ws.ephemerals(name)]
    questions = [(name, shown) for name, shown in questions if "Page them" in buttons(shown)]
    assert len(questions) == 3
    for name, shown in questions:
        await here.ws.person(name).press(shown, "Page them")
    assert await paged(here) == [1]
    answer = (await told(here, "noor"))[-1]
    assert "@maya escalated INC-1" in answer
    assert "Page rung 2 as well: @priya (Slack)?" in answer
    await here.noor.press(here.ws.ephemerals("noor")[-1], "Page them")
    assert await paged(here) == [1, 2]


async def test_a_second_escalation_typed_a_moment_later_is_asked_about_and_keeps_its_reason(here: World) -> None:
    await declared(here)
    await here.noor.join(INSIDE)
    assert "rung 1: @tom" in await typed(here, "maya", INSIDE, "/incident escalate The disk: it is full")
    reply = await here.noor.command(INSIDE, "/incident escalate The database: it is down")
    assert "Page rung 2 as well: @priya (Slack)?" in words(here, reply.message)
    assert await paged(here) == [1]
    assert reply.message is not None
    await here.noor.press(reply.message, "Page them")
    assert await paged(here) == [1, 2]
    assert "The database: it is down" in [entry["text"] for entry in of_kind(await here.show(), "escalated")]


async def test_page_names_everybody_who_is_mentioned(here: World) -> None:
    await declared(here)
    answer = await typed(here, "maya", INSIDE, "/incident page @tom, @priya and @lena because @noor says so")
    assert "Paged now for INC-1: @tom, @priya, @lena" in answer
    await rest(here)
    (entry,) = of_kind(await here.show(), "page")
    assert entry["data"]["people"] == [here.tom.id, here.priya.id, here.lena.id]
