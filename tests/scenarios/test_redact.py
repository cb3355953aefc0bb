"""Redacting in Slack: by the command, by its form, and from a message."""

from __future__ import annotations

import json

from sandbox import Message
from sandbox.forms import choices, find
from storage.timeline.verify import chain_faults
from tests.scenarios.assertions import declare, ephemeral_texts, of_kind, settle, type_command, words
from tests.scenarios.running import World

INSIDE = "inc-1-checkout-is-down"
SECRET = "the password is hunter2"


async def said_by_the_bot(world: World) -> str:
    """All that messages of the bot's own show now."""
    await settle(world)
    channels = list(world.ws.state.channels.values())
    return "\n".join(shown(m) for channel in channels for m in world.ws.bot_messages(channel.id))


def shown(message: Message) -> str:
    return f"{message.text} {json.dumps(message.blocks)}"


async def led(world: World) -> None:
    await declare(world)
    await world.tom.join(INSIDE)
    await type_command(world, "maya", INSIDE, "/incident lead @maya")


async def redacted(world: World, by: str, message: Message, reason: str = "It held a password") -> None:
    person = world.ws.person(by)
    assert (await person.message_shortcut("Redact", message)).ok
    await person.fill(person.view, {"Why?": reason})
    assert (await person.submit()).ok
    await settle(world)


async def test_a_message_is_redacted_from_its_menu_and_who_and_why_stay(world: World) -> None:
    await led(world)
    message = await world.tom.say(INSIDE, SECRET)
    await world.maya.react(message, "pushpin")
    await redacted(world, "maya", message)
    (entry,) = of_kind(await world.show(), "message")
    assert (entry["text"], entry["redacted_by"]) == ("", world.maya.id)
    timeline = await type_command(world, "maya", INSIDE, "/incident timeline")
    assert "hunter2" not in timeline
    assert "redacted by @maya: It held a password" in timeline
    answers = "\n".join(await ephemeral_texts(world, "maya"))
    assert "The message itself is still in Slack: only @tom can delete it there." in answers
    async with world.tocsin.database.reading() as conn:
        assert await chain_faults(conn, 1) == []


async def test_messages_of_ours_that_told_redacted_words_are_edited(world: World) -> None:
    await led(world)
    await type_command(world, "maya", INSIDE, f"/incident update {SECRET}")
    await type_command(world, "maya", INSIDE, f"/incident status identified {SECRET}")
    assert "hunter2" in await said_by_the_bot(world)
    channel = world.ws.channel(INSIDE)
    pinned = {message.ts for message in world.ws.pinned(channel.id)}
    told_here = [m for m in world.ws.bot_messages(channel.id) if m.ts not in pinned and "Update #1" in shown(m)]
    update = next(message for message in told_here if "hunter2" in shown(message))
    await redacted(world, "maya", update)
    assert "hunter2" not in await said_by_the_bot(world)
    assert "redacted by" in words(world, update)
    assert len([entry for entry in (await world.show())["timeline"] if entry.get("redacted_by")]) == 2


async def test_the_command_takes_a_link_and_a_reason_or_opens_its_form(world: World) -> None:
    await led(world)
    message = await world.tom.say(INSIDE, SECRET)
    link = world.ws.permalink(message)
    await settle(world)
    refused = await type_command(world, "tom", INSIDE, f"/incident redact {SECRET}")
    assert "Give the link to the message, then the reason" in refused
    assert "Redacted: one entry of INC-1 lost its words, and my messages about it are edited." in await type_command(
        world, "tom", INSIDE, f"/incident redact {link} my password"
    )
    again = await type_command(world, "maya", INSIDE, f"/incident redact {link} once more")
    assert "Its words are gone already" in again
    await world.tom.say(INSIDE, "and the user is root")
    await world.tom.say(INSIDE, "so what")
    await settle(world)
    assert await type_command(world, "tom", INSIDE, "/incident redact") == ""
    blocks = world.tom.view.body["blocks"]
    offered = [each["text"]["text"] for each in choices(find(blocks, "What should not have been said?").element)]
    (option,) = [text for text in offered if "root" in text]
    await world.tom.fill(world.tom.view, {"What should not have been said?": option, "Why?": "A user name"})
    assert (await world.tom.submit()).ok
    await settle(world)
    assert [entry["text"] for entry in of_kind(await world.show(), "message")] == ["", "", "so what"]


async def test_others_may_redact_nothing_that_is_not_theirs(world: World) -> None:
    await led(world)
    message = await world.tom.say(INSIDE, SECRET)
    await world.priya.join(INSIDE)
    assert (await world.priya.message_shortcut("Redact", message)).ok
    assert (
        "Only @maya, who leads INC-1, or the person who wrote it may redact it."
        in (await ephemeral_texts(world, "priya"))[-1]
    )
    assert "There is nothing of yours to redact" in await type_command(world, "priya", INSIDE, "/incident redact")
    elsewhere = await world.priya.say("general", SECRET)
    await world.priya.message_shortcut("Redact", elsewhere)
    assert "no incident's channel" in (await ephemeral_texts(world, "priya"))[-1]
