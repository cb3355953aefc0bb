"""Writing to the bot, in its Messages tab or by a mention anywhere, gets an answer: the same verbs."""

from __future__ import annotations

from tests.scenarios.assertions import buttons, declare, direct_messages, ephemeral_texts, of_kind, settle, texts, words
from tests.scenarios.running import World


async def test_the_messages_tab_understands_the_verbs_and_answers_there(world: World) -> None:
    await declare(world)
    await world.tom.dm("tocsin", "note Deploy 4512 went out --in INC-1")
    await world.tom.dm("tocsin", "list")
    await settle(world)
    assert texts(of_kind(await world.show(), "note")) == ["Deploy 4512 went out"]
    answers = [words(world, message) for message in direct_messages(world, world.tom.id)]
    assert any("Noted on the timeline of INC-1" in answer for answer in answers)
    assert any("Checkout is down" in answer for answer in answers)


async def test_the_messages_tab_can_declare(world: World) -> None:
    await world.tom.dm("tocsin", "sev2 Checkout is down")
    channel = await world.incident_channel()
    await settle(world)
    assert world.tom.id in channel.members
    assert any(f"#{channel.name}" in words(world, message) for message in direct_messages(world, world.tom.id))


async def test_words_that_are_no_verb_are_answered_with_help_in_the_messages_tab(world: World) -> None:
    await world.tom.dm("tocsin", "xyzzy, please")
    await settle(world)
    (answer,) = direct_messages(world, world.tom.id)
    assert "/incident help" in words(world, answer)


async def test_a_verb_that_needs_a_form_offers_it_in_the_messages_tab(world: World) -> None:
    await world.tom.dm("tocsin", "declare disk full")
    await settle(world)
    (answer,) = direct_messages(world, world.tom.id)
    assert "This needs a form" in words(world, answer)
    await world.tom.press(answer, "Open the form")
    assert world.tom.view.values["title"]["title"]["value"] == "disk full"


async def test_a_message_in_the_messages_tab_that_is_delivered_three_times_acts_once(world: World) -> None:
    await declare(world)
    world.ws.delivery.faults.copies = 3
    await world.tom.dm("tocsin", "note once --in INC-1")
    await settle(world)
    assert texts(of_kind(await world.show(), "note")) == ["once"]
    assert len([m for m in direct_messages(world, world.tom.id) if "Noted" in m.text]) == 1


async def test_edits_deletions_and_the_bots_own_words_in_the_messages_tab_are_no_commands(world: World) -> None:
    await declare(world)
    message = await world.tom.dm("tocsin", "roles --in INC-1")
    await settle(world)
    before = len(direct_messages(world, world.tom.id))
    await world.tom.edit(message, "resolve ok --in INC-1")
    await world.tom.delete(message)
    await settle(world)
    assert len(direct_messages(world, world.tom.id)) == before
    assert (await world.show())["status"] == "detected"


async def test_a_mention_outside_an_incident_channel_is_answered(world: World) -> None:
    await world.sam.invite("payments", "tocsin")
    await world.tom.say("payments", "@tocsin")
    (answer,) = await ephemeral_texts(world, "tom")
    assert "This needs a form" in answer
    assert buttons(world.ws.ephemerals("tom")[-1]) == ["Open the form"]
    await world.tom.say("payments", "@tocsin list")
    assert "No incident is open" in (await ephemeral_texts(world, "tom"))[-1]


async def test_a_mention_in_a_thread_is_answered_in_that_thread(world: World) -> None:
    await world.sam.invite("payments", "tocsin")
    parent = await world.tom.say("payments", "Checkout throws 500s")
    await world.tom.reply(parent, "@tocsin list")
    await settle(world)
    assert world.ws.ephemerals("tom")[-1].thread_ts == parent.ts
