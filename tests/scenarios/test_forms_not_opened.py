"""When a form cannot open, nothing that was typed is lost: a button opens it filled, a line does the same."""

from __future__ import annotations

import pytest

from sandbox.model import Ephemeral, Message
from tests.scenarios.assertions import buttons, declared, direct, of_kind, rest, texts, typed, words
from tests.scenarios.running import World

INSIDE = "inc-1-checkout-is-down"


def refuse_forms(here: World, count: int = 1) -> None:
    here.ws.faults.add("views.open", error="expired_trigger_id", count=count)


async def last_told(here: World, name: str) -> Ephemeral:
    await rest(here)
    return here.ws.ephemerals(name)[-1]


async def test_the_words_of_a_declaration_are_kept_when_the_form_cannot_open(here: World) -> None:
    refuse_forms(here)
    reply = await here.maya.command("#general", "/incident declare --private disk full on @tom's host")
    answer = words(here, reply.message)
    assert "This does the same: /incident declare sev3 --private disk full on @tom's host" in answer.replace("`", "")
    assert reply.message is not None
    await here.maya.press(reply.message, "Open the form")
    values = here.maya.view.values
    assert values["title"]["title"]["value"] == "disk full on @tom's host"
    assert [option["value"] for option in values["private"]["private"]["selected_options"]] == ["private"]


async def test_a_given_severity_is_kept_when_the_form_cannot_open(here: World) -> None:
    refuse_forms(here)
    assert "`/incident declare sev2 What is wrong`" in await typed(here, "maya", "#general", "/incident declare sev2")


async def test_the_message_of_declare_from_message_is_kept_when_the_form_cannot_open(here: World) -> None:
    message = await here.tom.say("payments", "Checkout throws 500s <now> & then\nsince 02:47, @maya knows")
    refuse_forms(here)
    await here.maya.message_shortcut("Declare from message", message)
    answer = await last_told(here, "maya")
    assert "/incident declare sev3 Checkout throws 500s <now> & then since 02:47" in words(here, answer)
    await here.maya.press(answer, "Open the form")
    values = here.maya.view.values
    assert values["title"]["title"]["value"] == "Checkout throws 500s <now> & then"
    assert "since 02:47" in values["description"]["description"]["value"]
    await here.maya.fill(here.maya.view, {"Severity": "sev2"})
    await here.maya.submit()
    await here.opened()
    await rest(here)
    (note,) = of_kind(await here.show(), "note")
    assert note["data"]["link"] == here.ws.permalink(message)


async def test_a_message_for_the_timeline_is_kept_when_the_form_cannot_open(here: World) -> None:
    await declared(here)
    message = await here.tom.say("payments", "Customers write in <b>")
    refuse_forms(here)
    await here.tom.message_shortcut("Add to timeline", message)
    answer = await last_told(here, "tom")
    assert "/incident note Customers write in <b> --in INC-1" in words(here, answer)
    await here.tom.press(answer, "Open the form")
    await here.tom.fill(here.tom.view, {"Incident": "INC-1"})
    await here.tom.submit()
    assert any("Customers write in" in text for text in texts(of_kind(await here.show(), "note")))


@pytest.mark.parametrize("text", ["x" * 2900, "🔥" * 1200, "<" * 2900, 'a "quoted" \\ line\n' * 100], ids=len)
async def test_any_message_fits_into_the_button_that_opens_the_form(here: World, text: str) -> None:
    message = await here.tom.say("payments", text)
    refuse_forms(here)
    await here.maya.message_shortcut("Declare from message", message)
    await here.maya.press(await last_told(here, "maya"), "Open the form")
    assert here.maya.view.title == "Declare incident"
    assert here.maya.view.values["title"]["title"]["value"]


@pytest.mark.parametrize(
    ("button", "title"),
    [
        ("Update status", "Update status"),
        ("Change severity", "Change severity"),
        ("Assign roles", "Assign roles"),
        ("Resolve", "Resolve incident"),
    ],
)
async def test_a_button_whose_form_cannot_open_is_offered_again(here: World, button: str, title: str) -> None:
    channel = await declared(here)
    refuse_forms(here)
    await here.maya.press(here.card(channel), button)
    await here.maya.press(await last_told(here, "maya"), "Open the form")
    assert here.maya.view.title == title


@pytest.mark.parametrize("line", ["update", "resolve", "cover", "fields", "impact", "note"])
async def test_a_command_from_elsewhere_opens_the_form_of_its_incident_again(here: World, line: str) -> None:
    await declared(here)
    await here.tom.command("#general", "/incident declare sev4 Typo on the page")
    await here.opened(2)
    if line in ("cover", "fields"):
        return  # no form under this policy
    refuse_forms(here)
    reply = await here.noor.command("#general", f"/incident {line} --in INC-1")
    assert "--in INC-1" in words(here, reply.message)
    assert reply.message is not None
    await here.noor.press(reply.message, "Open the form")
    assert '"INC-1"' in here.noor.view.body["private_metadata"]


async def test_the_global_shortcut_is_offered_again_in_the_messages_of_the_bot(here: World) -> None:
    refuse_forms(here)
    await here.maya.shortcut("Declare incident")
    await rest(here)
    (answer,) = direct(here, here.maya.id, "form")
    assert isinstance(answer, Message)
    await here.maya.press(answer, "Open the form")
    assert here.maya.view.title == "Declare incident"


async def test_words_too_long_for_a_button_are_given_back_to_copy(here: World) -> None:
    refuse_forms(here)
    long = "disk full " * 300
    reply = await here.maya.command("#general", f"/incident declare {long}")
    assert buttons(reply.message) == []
    assert words(here, reply.message).count("disk") == 300


async def test_words_too_long_for_the_choice_of_an_incident_are_given_back_to_copy(here: World) -> None:
    await declared(here)
    reply = await here.tom.command("#general", f"/incident note {'disk full ' * 250}")
    assert "Say which by its ID" in words(here, reply.message)
    assert words(here, reply.message).count("disk") == 250
