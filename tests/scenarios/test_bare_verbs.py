"""Verbs without words open their forms, or ask for the missing words."""

from __future__ import annotations

import pytest

from tests.scenarios.assertions import (
    declare,
    of_kind,
    settle,
    type_command,
    words,
)
from tests.scenarios.running import World

INSIDE = "inc-1-checkout-is-down"


@pytest.mark.parametrize(
    ("verb", "title"),
    [
        ("resolve", "Resolve incident"),
        ("severity", "Change severity"),
        ("note", "Add a note"),
        ("cancel", "False alarm"),
        ("handover", "Hand over"),
        ("status", "Update status"),
        ("update", "Update status"),
        ("role", "Assign roles"),
    ],
)
async def test_a_verb_without_words_opens_its_form_and_changes_nothing(world: World, verb: str, title: str) -> None:
    await declare(world, "sev1 Checkout is down")
    before = await world.show()
    await type_command(world, "maya", INSIDE, f"/incident {verb}")
    assert world.maya.view.title == title
    after = await world.show()
    assert (before["status"], before["timeline"]) == (after["status"], after["timeline"])


async def test_a_bare_reopen_opens_its_form_after_the_end_and_is_refused_before(world: World) -> None:
    await declare(world)
    assert "still open" in await type_command(world, "maya", INSIDE, "/incident reopen")
    await type_command(world, "maya", INSIDE, "/incident resolve Done")
    await type_command(world, "maya", INSIDE, "/incident reopen")
    assert world.maya.view.title == "Reopen incident"
    assert "resolved" in await type_command(world, "maya", INSIDE, "/incident resolve")


async def test_a_bare_snooze_asks_for_how_long_and_off_ends_it(world: World) -> None:
    await declare(world)
    reply = await world.maya.command(INSIDE, "/incident snooze")
    assert reply.message is not None
    assert "For how long" in words(world, reply.message)
    await world.maya.press(reply.message, "Snooze 1h")
    await settle(world)
    assert of_kind(await world.show(), "snoozed")
    snoozed = {r["kind"]: r["due_at"] for r in (await world.show())["reminders"] if r["state"] == "waiting"}
    assert "go out again" in await type_command(world, "maya", INSIDE, "/incident snooze off")
    due = {r["kind"]: r["due_at"] for r in (await world.show())["reminders"] if r["state"] == "waiting"}
    assert due["update"] < snoozed["update"]
    assert due["role"] < snoozed["role"]
    assert "not snoozed" in await type_command(world, "maya", INSIDE, "/incident snooze off")
