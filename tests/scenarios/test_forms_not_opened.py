"""When a form cannot open, nothing that was typed is lost: a button opens it filled, a line does the same."""

from __future__ import annotations

import pytest

from sandbox.model import Ephemeral, Message
from tests.scenarios.assertions import buttons, declare, direct_messages, of_kind, settle, texts, type_command, words
from tests.scenarios.running import World

INSIDE = "inc-1-checkout-is-down"


def refuse_forms(world: World, count: int = 1) -> None:
    world.ws.faults.add("views.open", error="expired_trigger_id", count=count)


async def last_told(world: World, name: str) -> Ephemeral:
    await settle(world)
    return world.ws.ephemerals(name)[-1]


async def test_the_words_of_a_declaration_are_kept_when_the_form_cannot_open(world: World) -> None:
    refuse_forms(world)
    reply = await world.maya.command("#general", "/incident declare --private disk full on @tom's host")
    answer = words(world, reply.message)
    assert "This does the same: /incident declare sev3 --private disk full on @tom's host" in answer.replace("`", "")
    assert reply.message is not None
    await world.maya.press(reply.message, "Open the form")
    values = world.maya.view.values
    assert values["title"]["title"]["value"] == "disk full on @tom's host"
    assert [option["value"] for option in values["private"]["private"]["selected_options"]] == ["private"]


async def test_a_given_severity_is_kept_when_the_form_cannot_open(world: World) -> None:
    refuse_forms(world)
    assert "`/incident declare sev2 What is wrong`" in await type_command(
        world, "maya", "#general", "/incident declare sev2"
    )


async def test_the_message_of_declare_from_message_is_kept_when_the_form_cannot_open(world: World) -> None:
    message = await world.tom.say("payments", "Checkout throws 500s <now> & then\nsince 02:47, @maya knows")
    refuse_forms(world)
    await world.maya.message_shortcut("Declare from message", message)
    answer = await last_told(world, "maya")
    assert "/incident declare sev3 Checkout throws 500s <now> & then since 02:47" in words(world, answer)
    await world.maya.press(answer, "Open the form")
    values = world.maya.view.values
    assert values["title"]["title"]["value"] == "Checkout throws 500s <now> & then"
    assert "since 02:47" in values["description"]["description"]["value"]
    await world.maya.fill(world.maya.view, {"Severity": "sev2"})
    await world.maya.submit()
    await world.incident_channel()
    await settle(world)
    (note,) = of_kind(await world.show(), "note")
    assert note["data"]["link"] == world.ws.permalink(message)


async def test_a_message_for_the_timeline_is_kept_when_the_form_cannot_open(world: World) -> None:
    await declare(world)
    message = await world.tom.say("payments", "Customers write in <b>")
    refuse_forms(world)
    await world.tom.message_shortcut("Add to timeline", message)
    answer = await last_told(world, "tom")
    assert "/incident note Customers write in <b> --in INC-1" in words(world, answer)
    await world.tom.press(answer, "Open the form")
    await world.tom.fill(world.tom.view, {"Incident": "INC-1"})
    await world.tom.submit()
    assert any("Customers write in" in text for text in texts(of_kind(await world.show(), "note")))


@pytest.mark.parametrize("text", ["x" * 2900, "🔥" * 1200, "<" * 2900, 'a "quoted" \\ line\n' * 100], ids=len)
async def test_any_message_fits_into_the_button_that_opens_the_form(world: World, text: str) -> None:
    message = await world.tom.say("payments", text)
    refuse_forms(world)
    await world.maya.message_shortcut("Declare from message", message)
    await world.maya.press(await last_told(world, "maya"), "Open the form")
    assert world.maya.view.title == "Declare incident"
    assert world.maya.view.values["title"]["title"]["value"]


@pytest.mark.parametrize(
    ("button", "title"),
    [
        ("Update status", "Update status"),
        ("Change severity", "Change severity"),
        ("Assign roles", "Assign roles"),
        ("Resolve", "Resolve incident"),
    ],
)
async def test_a_button_whose_form_cannot_open_is_offered_again(world: World, button: str, title: str) -> None:
    channel = await declare(world)
    refuse_forms(world)
    await world.maya.press(world.card(channel), button)
    await world.maya.press(await last_told(world, "maya"), "Open the form")
    assert world.maya.view.title == title


@pytest.mark.parametrize("line", ["update", "resolve", "cover", "fields", "impact", "note"])
async def test_a_command_from_elsewhere_opens_the_form_of_its_incident_again(world: World, line: str) -> None:
    await declare(world)
    await world.tom.command("#general", "/incident declare sev4 Typo on the page")
    await world.incident_channel(2)
    if line in ("cover", "fields"):
        return  # no form under this policy
    refuse_forms(world)
    reply = await world.noor.command("#general", f"/incident {line} --in INC-1")
    assert "--in INC-1" in words(world, reply.message)
    assert reply.message is not None
    await world.noor.press(reply.message, "Open the form")
    assert '"INC-1"' in world.noor.view.body["private_metadata"]


async def test_the_global_shortcut_is_offered_again_in_the_messages_of_the_bot(world: World) -> None:
    refuse_forms(world)
    await world.maya.shortcut("Declare incident")
    await settle(world)
    (answer,) = direct_messages(world, world.maya.id, "form")
    assert isinstance(answer, Message)
    await world.maya.press(answer, "Open the form")
    assert world.maya.view.title == "Declare incident"


async def test_words_too_long_for_a_button_are_given_back_to_copy(world: World) -> None:
    refuse_forms(world)
    long = "disk full " * 300
    reply = await world.maya.command("#general", f"/incident declare {long}")
    assert buttons(reply.message) == []
    assert words(world, reply.message).count("disk") == 300


async def test_words_too_long_for_the_choice_of_an_incident_are_given_back_to_copy(world: World) -> None:
    await declare(world)
    reply = await world.tom.command("#general", f"/incident note {'disk full ' * 250}")
    assert "Say which by its ID" in words(world, reply.message)
    assert words(world, reply.message).count("disk") == 250
