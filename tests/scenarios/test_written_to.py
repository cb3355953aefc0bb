"""Writing to the bot, in its Messages tab or by a mention anywhere, gets an answer: the same verbs."""

from __future__ import annotations

from tests.scenarios.assertions import buttons, declared, direct, of_kind, rest, texts, told, words
from tests.scenarios.running import World


async def test_the_messages_tab_understands_the_verbs_and_answers_there(here: World) -> None:
    await declared(here)
    await here.tom.dm("tocsin", "note Deploy 4512 went out --in INC-1")
    await here.tom.dm("tocsin", "list")
    await rest(here)
    assert texts(of_kind(await here.show(), "note")) == ["Deploy 4512 went out"]
    answers = [words(here, message) for message in direct(here, here.tom.id)]
    assert any("Noted on the timeline of INC-1" in answer for answer in answers)
    assert any("Checkout is down" in answer for answer in answers)


async def test_the_messages_tab_can_declare(here: World) -> None:
    await here.tom.dm("tocsin", "sev2 Checkout is down")
    channel = await here.opened()
    await rest(here)
    assert here.tom.id in channel.members
    assert any(f"#{channel.name}" in words(here, message) for message in direct(here, here.tom.id))


async def test_words_that_are_no_verb_are_answered_with_help_in_the_messages_tab(here: World) -> None:
    await here.tom.dm("tocsin", "xyzzy, please")
    await rest(here)
    (answer,) = direct(here, here.tom.id)
    assert "/incident help" in words(here, answer)


async def test_a_verb_that_needs_a_form_offers_it_in_the_messages_tab(here: World) -> None:
    await here.tom.dm("tocsin", "declare disk full")
    await rest(here)
    (answer,) = direct(here, here.tom.id)
    assert "This needs a form" in words(here, answer)
    await here.tom.press(answer, "Open the form")
    assert here.tom.view.values["title"]["title"]["value"] == "disk full"


async def test_a_message_in_the_messages_tab_that_is_delivered_three_times_acts_once(here: World) -> None:
    await declared(here)
    here.ws.delivery.faults.copies = 3
    await here.tom.dm("tocsin", "note once --in INC-1")
    await rest(here)
    assert texts(of_kind(await here.show(), "note")) == ["once"]
    assert len([m for m in direct(here, here.tom.id) if "Noted" in m.text]) == 1


async def test_edits_deletions_and_the_bots_own_words_in_the_messages_tab_are_no_commands(here: World) -> None:
    await declared(here)
    message = await here.tom.dm("tocsin", "roles --in INC-1")
    await rest(here)
    before = len(direct(here, here.tom.id))
    await here.tom.edit(message, "resolve ok --in INC-1")
    await here.tom.delete(message)
    await rest(here)
    assert len(direct(here, here.tom.id)) == before
    assert (await here.show())["status"] == "detected"


async def test_a_mention_outside_an_incident_channel_is_answered(here: World) -> None:
    await here.sam.invite("payments", "tocsin")
    await here.tom.say("payments", "@tocsin")
    (answer,) = await told(here, "tom")
    assert "This needs a form" in answer
    assert buttons(here.ws.ephemerals("tom")[-1]) == ["Open the form"]
    await here.tom.say("payments", "@tocsin list")
    assert "No such incident is open" in (await told(here, "tom"))[-1]


async def test_a_mention_in_a_thread_is_answered_in_that_thread(here: World) -> None:
    await here.sam.invite("payments", "tocsin")
    parent = await here.tom.say("payments", "Checkout throws 500s")
    await here.tom.reply(parent, "@tocsin list")
    await rest(here)
    assert here.ws.ephemerals("tom")[-1].thread_ts == parent.ts
