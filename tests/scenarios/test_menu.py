"""The menu inside an incident's channel: all that has no button on the card, by pressing alone."""

from __future__ import annotations

from typing import Any

from sandbox.model import Ephemeral
from tests.scenarios.assertions import all_messages, buttons, declared, of_kind, rest, told, words
from tests.scenarios.running import World

INSIDE = "inc-1-checkout-is-down"


async def menu(here: World, who: str = "maya") -> Ephemeral:
    reply = await here.ws.person(who).command(INSIDE, "/incident")
    assert isinstance(reply.message, Ephemeral)
    return reply.message


async def filled(here: World, who: str, button: str, values: dict[str, Any]) -> None:
    person = here.ws.person(who)
    await person.press(await menu(here, who), button)
    await here.ws.until(person.open_views)
    await person.fill(person.view, values)
    await person.submit()
    await rest(here)


async def test_a_false_alarm_ends_by_a_form_that_asks_what_it_was(here: World) -> None:
    channel = await declared(here)
    await filled(here, "maya", "False alarm", {"What was it?": "The probe was misconfigured"})
    shown = await here.show()
    assert shown["status"] == "cancelled"
    assert "The probe was misconfigured" in str(of_kind(shown, "cancelled"))
    assert "False alarm" not in buttons(await menu(here))
    assert "Reopen" in buttons(here.card(channel))


async def test_a_form_opened_before_the_end_says_that_it_is_over(here: World) -> None:
    await declared(here)
    late = await menu(here)
    await filled(here, "maya", "False alarm", {"What was it?": "The probe was misconfigured"})
    await here.maya.press(late, "Hand over")
    await rest(here)
    assert here.maya.open_views() == []
    assert "INC-1" in (await told(here, "maya"))[-1]


async def test_a_note_is_a_key_entry_and_words_are_asked_for_where_there_are_none(here: World) -> None:
    await declared(here)
    await here.maya.press(await menu(here), "Add a note")
    await here.ws.until(here.maya.open_views)
    await here.maya.fill(here.maya.view, {"What happened?": " "})
    assert set((await here.maya.submit()).errors) == {"text"}
    await here.maya.close()
    await filled(here, "maya", "Add a note", {"What happened?": "Deploy 4512 went out"})
    (note,) = of_kind(await here.show(), "note")
    assert (note["text"], note["key"], note["actor"]) == ("Deploy 4512 went out", True, here.maya.id)
    assert "Noted on the timeline of INC-1." in (await told(here, "maya"))[-1]


async def test_a_handover_is_asked_for_by_a_form_and_accepted_by_a_button(here: World) -> None:
    await declared(here)
    await here.maya.press(await menu(here), "Lead")
    await rest(here)
    await filled(here, "maya", "Hand over", {"To whom?": "tom"})
    (brief,) = [message for message in all_messages(here) if "Accept" in buttons(message)]
    assert "as Incident commander" in words(here, brief)
    await here.tom.press(brief, "Accept")
    await rest(here)
    assert (await here.show())["roles"]["commander"] == here.tom.id


async def test_the_menu_opens_impact_and_catchup(here: World) -> None:
    await declared(here)
    await filled(here, "maya", "Impact", {"Regions": "eu-west-1"})
    assert (await here.show())["regions"] == ["eu-west-1"]
    await here.maya.press(await menu(here), "Catch up")
    assert "INC-1" in (await told(here, "maya"))[-1]
