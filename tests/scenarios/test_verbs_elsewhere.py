"""Verbs outside the incident's channel: `--in`, and the question which incident is meant."""

from __future__ import annotations

import pytest

from tests.scenarios.assertions import (
    buttons,
    declare,
    example_of,
    of_kind,
    settle,
    texts,
    type_command,
    words,
)
from tests.scenarios.running import World

INSIDE = "inc-1-checkout-is-down"


CHANGING = [
    ("ack", "acknowledged"),
    ("update Rolled back", "update"),
    ("status identified Bad deploy", "status"),
    ("severity sev1 Worse", "severity"),
    ("role scribe @tom", "role"),
    ("lead @tom", "role"),
    ("escalate Help", "escalated"),
    ("note Deploy went out", "note"),
    ("snooze 30m", "snoozed"),
    ("next 1h", "snoozed"),
    ("resolve Fixed", "resolved"),
    ("cancel False alarm", "cancelled"),
]


@pytest.mark.parametrize(("line", "kind"), CHANGING)
async def test_outside_a_verb_asks_which_incident_and_the_button_carries_it_out(
    world: World, line: str, kind: str
) -> None:
    await declare(world)
    before = len(of_kind(await world.show(), kind))
    reply = await world.tom.command("#general", f"/incident {line}")
    assert "Which incident do you mean?" in words(world, reply.message)
    assert reply.message is not None
    assert (await world.tom.press(reply.message, "This one")).ok
    await settle(world)
    assert len(of_kind(await world.show(), kind)) == before + 1
    assert len(world.ws.ephemerals("tom")) >= 2


@pytest.mark.parametrize(("line", "kind"), CHANGING)
async def test_outside_a_channel_in_names_the_incident(world: World, line: str, kind: str) -> None:
    await declare(world)
    before = len(of_kind(await world.show(), kind))
    answer = await type_command(world, "tom", "#general", f"/incident {line} --in INC-1")
    assert "INC-1" in answer
    assert len(of_kind(await world.show(), kind)) == before + 1


async def test_which_incident_lists_the_open_ones_and_opens_forms_too(world: World) -> None:
    await declare(world)
    await world.tom.command("#general", "/incident declare sev4 Typo on the page")
    await world.incident_channel(2)
    await settle(world)
    reply = await world.noor.command("#general", "/incident update")
    assert buttons(reply.message) == ["This one", "This one"]
    assert reply.message is not None
    await world.noor.press(reply.message, "This one")
    assert world.noor.view.title == "Update status"


async def test_with_no_open_incident_the_answer_says_so_and_offers_to_declare(world: World) -> None:
    reply = await world.maya.command("#general", "/incident ack")
    assert "no open incident" in words(world, reply.message)
    assert reply.message is not None
    await world.maya.press(reply.message, "Declare incident")
    assert world.maya.view.title == "Declare incident"


async def test_an_incident_that_does_not_exist_is_reported(world: World) -> None:
    await declare(world)
    answer = await type_command(world, "maya", "#general", "/incident ack --in INC-99")
    assert "There is no incident INC-99" in answer
    assert "INC-1" in await type_command(world, "maya", "#general", example_of(answer))


async def test_in_takes_precedence_over_the_channel(world: World) -> None:
    await declare(world)
    await world.tom.command("#general", "/incident declare sev4 Typo on the page")
    await world.incident_channel(2)
    await type_command(world, "maya", INSIDE, "/incident note for the other one --in INC-2")
    assert texts(of_kind(await world.show(2), "note")) == ["for the other one"]
    assert of_kind(await world.show(1), "note") == []


@pytest.mark.parametrize("flag", ["--in INC-1,", "“--in INC-1”,", "—in INC-1:", "--in #inc-1-checkout-is-down"])
async def test_in_with_punctuation_ends_the_incident_it_names_not_the_channels_own(world: World, flag: str) -> None:
    await declare(world)
    await world.tom.command("#general", "/incident declare sev4 Typo on the page")
    second = await world.incident_channel(2)
    answer = await type_command(world, "tom", second.name, f"/incident resolve ok {flag} rolled back")
    assert "INC-1 is resolved" in answer
    assert (await world.show(1))["status"] == "resolved"
    assert (await world.show(2))["status"] == "detected"


async def test_an_in_that_names_nothing_changes_nothing(world: World) -> None:
    await declare(world)
    await world.tom.command("#general", "/incident declare sev4 Typo on the page")
    second = await world.incident_channel(2)
    before = (await world.show(1))["timeline"], (await world.show(2))["timeline"]
    for flag in ("--in #general", "--in nonsense", "-- in INC-1", "--in"):
        answer = await type_command(world, "tom", second.name, f"/incident resolve ok {flag} rolled back")
        assert "--in INC-42" in answer, answer
    assert ((await world.show(1))["timeline"], (await world.show(2))["timeline"]) == before
