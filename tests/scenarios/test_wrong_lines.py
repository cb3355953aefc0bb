"""Wrong commands are answered with an example that works."""

from __future__ import annotations

import pytest

from tests.scenarios.assertions import (
    declare,
    example_of,
    of_kind,
    texts,
    type_command,
)
from tests.scenarios.running import World

INSIDE = "inc-1-checkout-is-down"


WRONG = [
    "status fixed", "status detected", "severity sev9", "role wizard @tom",
    "role commander", "role commander @nobody-here", "lead @nobody-here", "invite", "invite everybody",
    "snooze forever", "snooze -5m", "next", "next soon", "next 0m", "timeline yesterday",
    "list nonsense", "show nothing", "help me", "status merged", "ack --in",
]  # fmt: skip


async def test_a_bad_argument_is_answered_with_an_example_that_works(world: World) -> None:
    await declare(world)
    for line in WRONG:
        answer = await type_command(world, "maya", INSIDE, f"/incident {line}")
        example = example_of(answer)
        assert example.startswith("/incident "), (line, answer)
        again = await type_command(world, "maya", INSIDE, example)
        assert "This works:" not in again, (line, example, again)
        for undo in ("reopen Once more", "status investigating", "severity sev2"):
            await type_command(world, "maya", INSIDE, f"/incident {undo}")


async def test_a_bad_argument_with_in_keeps_it_in_the_example(world: World) -> None:
    await declare(world)
    answer = await type_command(world, "tom", "#general", "/incident status fixed --in INC-1")
    assert "INC-1 is now" in await type_command(world, "tom", "#general", example_of(answer))


@pytest.mark.parametrize("written", ["--in INC-1", "--in inc1", "--in 1", "--in=#1", "—in INC-1"])
async def test_in_is_understood_however_it_is_typed(world: World, written: str) -> None:
    await declare(world)
    assert "Noted" in await type_command(world, "tom", "#general", f"/incident note {written} Deploy went out")
    assert texts(of_kind(await world.show(), "note")) == ["Deploy went out"]


@pytest.mark.parametrize("line", ["reopen Errors are back", "status resolved", "severity sev2"])
async def test_a_refusal_outside_the_channel_shows_an_example_that_works_there(world: World, line: str) -> None:
    await declare(world)
    if line == "status resolved":
        await type_command(world, "maya", INSIDE, "/incident resolve Done")
    answer = await type_command(world, "tom", "#general", f"/incident {line} --in INC-1")
    again = await type_command(world, "tom", "#general", example_of(answer))
    assert "This works:" not in again, again
    assert "Which incident" not in again, again
    assert "no open incident" not in again, again


@pytest.mark.parametrize(
    ("line", "near"),
    [("akc", "ack"), ("statsu identified", "status"), ("resovle it", "resolve"), ("decalre", "declare")],
)
async def test_an_unknown_verb_names_the_nearest(world: World, line: str, near: str) -> None:
    await declare(world)
    answer = await type_command(world, "maya", INSIDE, f"/incident {line}")
    assert near in answer
    again = await type_command(world, "maya", INSIDE, example_of(answer))
    assert "I don't know" not in again


async def test_an_unrecognisable_verb_points_to_help(world: World) -> None:
    answer = await type_command(world, "maya", "#general", "/incident xyzzy")
    assert example_of(answer) == "/incident help"
    answer = await type_command(world, "maya", "#general", "/incident xyzzy <!channel>")
    assert "help" in answer
    assert example_of(answer).startswith("/incident declare xyzzy")
    assert "<!" not in world.ws.ephemerals("maya")[-1].text


@pytest.mark.parametrize("line", ["ack", "update More", "status identified", "severity sev1", "lead @tom", "snooze 1h"])
async def test_after_the_end_a_verb_says_that_it_is_over_and_how_to_reopen(world: World, line: str) -> None:
    await declare(world)
    await type_command(world, "maya", INSIDE, "/incident resolve Done")
    before = await world.show()
    answer = await type_command(world, "maya", INSIDE, f"/incident {line}")
    assert "resolved" in answer
    after = await world.show()
    assert (after["status"], after["severity"], after["roles"]) == ("resolved", "sev2", before["roles"])
    await type_command(world, "maya", INSIDE, example_of(answer))
    assert (await world.show())["status"] == "investigating"
