"""The menu inside an incident's channel: all that has no button on the card, by pressing alone."""

from __future__ import annotations

from typing import Any

from sandbox.model import Ephemeral
from tests.scenarios.assertions import all_messages, buttons, declare, ephemeral_texts, of_kind, settle, words
from tests.scenarios.running import World

INSIDE = "inc-1-checkout-is-down"


async def menu(world: World, who: str = "maya") -> Ephemeral:
    reply = await world.ws.person(who).command(INSIDE, "/incident")
    assert isinstance(reply.message, Ephemeral)
    return reply.message


async def fill_form(world: World, who: str, button: str, values: dict[str, Any]) -> None:
    person = world.ws.person(who)
    await person.press(await menu(world, who), button)
    await world.ws.until(person.open_views)
    await person.fill(person.view, values)
    await person.submit()
    await settle(world)


async def test_a_false_alarm_ends_by_a_form_that_asks_what_it_was(world: World) -> None:
    channel = await declare(world)
    await fill_form(world, "maya", "False alarm", {"What was it?": "The probe was misconfigured"})
    shown = await world.show()
    assert shown["status"] == "cancelled"
    assert "The probe was misconfigured" in str(of_kind(shown, "cancelled"))
    assert "False alarm" not in buttons(await menu(world))
    assert "Reopen" in buttons(world.card(channel))


async def test_a_form_opened_before_the_end_says_that_it_is_over(world: World) -> None:
    await declare(world)
    late = await menu(world)
    await fill_form(world, "maya", "False alarm", {"What was it?": "The probe was misconfigured"})
    await world.maya.press(late, "Hand over")
    await settle(world)
    assert world.maya.open_views() == []
    assert "INC-1" in (await ephemeral_texts(world, "maya"))[-1]


async def test_a_note_is_a_key_entry_and_words_are_asked_for_where_there_are_none(world: World) -> None:
    await declare(world)
    await world.maya.press(await menu(world), "Add a note")
    await world.ws.until(world.maya.open_views)
    await world.maya.fill(world.maya.view, {"What happened?": " "})
    assert set((await world.maya.submit()).errors) == {"text"}
    await world.maya.close()
    await fill_form(world, "maya", "Add a note", {"What happened?": "Deploy 4512 went out"})
    (note,) = of_kind(await world.show(), "note")
    assert (note["text"], note["key"], note["actor"]) == ("Deploy 4512 went out", True, world.maya.id)
    assert "Noted on the timeline of INC-1." in (await ephemeral_texts(world, "maya"))[-1]


async def test_a_handover_is_asked_for_by_a_form_and_accepted_by_a_button(world: World) -> None:
    await declare(world)
    await world.maya.press(await menu(world), "Lead")
    await settle(world)
    await fill_form(world, "maya", "Hand over", {"To whom?": "tom"})
    (brief,) = [message for message in all_messages(world) if "Accept" in buttons(message)]
    assert "as Incident commander" in words(world, brief)
    await world.tom.press(brief, "Accept")
    await settle(world)
    assert (await world.show())["roles"]["commander"] == world.tom.id


async def test_the_menu_opens_impact_and_catchup(world: World) -> None:
    await declare(world)
    await fill_form(world, "maya", "Impact", {"Regions": "eu-west-1"})
    assert (await world.show())["regions"] == ["eu-west-1"]
    await world.maya.press(await menu(world), "Catch up")
    assert "INC-1" in (await ephemeral_texts(world, "maya"))[-1]
