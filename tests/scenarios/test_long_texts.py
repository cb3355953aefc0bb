"""Texts longer than a Slack message: the rest goes into the thread, or the message says that it is cut."""

from __future__ import annotations

import re

from sandbox import Message
from tests.scenarios.assertions import declare, ephemeral_texts, settle, type_command, words
from tests.scenarios.running import World

INSIDE = "inc-1-checkout-is-down"


def long_text(characters: int, word: str = "word") -> str:
    """Numbered words, so that each can be looked for."""
    text = " ".join(f"{word}{number:04}" for number in range(characters // (len(word) + 5) + 1))
    return text[:characters]


def all_words(text: str, word: str = "word") -> list[str]:
    return re.findall(rf"\b{word}\d{{4}}\b", text)


def root_of(world: World, begins: str) -> Message:
    pinned = world.ws.pinned(world.ws.channel(INSIDE).id)
    posted = [m for m in world.ws.bot_messages(INSIDE, threads=False) if m not in pinned]
    (message,) = [m for m in posted if begins in words(world, m)]
    return message


def whole(world: World, message: Message) -> str:
    """The message and its thread."""
    return "\n".join(words(world, part) for part in [message, *(m for m in world.ws.replies(message) if m != message)])


async def test_an_update_longer_than_slack_takes_goes_on_in_its_thread(world: World) -> None:
    await declare(world)
    text = long_text(12_500)
    assert "Update #1" in await type_command(world, "maya", INSIDE, f"/incident update {text}")
    await settle(world)
    message = root_of(world, "Update #1")
    assert "it goes on in the thread" in words(world, message)
    assert all_words(whole(world, message)) == all_words(text)
    assert (await world.show())["timeline"][-1]["kind"] != "delivery_failed"


async def test_an_update_that_fits_has_no_thread(world: World) -> None:
    await declare(world)
    text = long_text(9_000)
    await type_command(world, "maya", INSIDE, f"/incident update {text}")
    await settle(world)
    message = root_of(world, "Update #1")
    assert all_words(words(world, message)) == all_words(text)
    assert "in the thread" not in words(world, message)
    assert world.ws.replies(message) in ([], [message])


async def test_a_reason_that_the_news_cannot_show_stands_in_its_thread(world: World) -> None:
    await declare(world)
    text = long_text(5_000)
    await type_command(world, "maya", INSIDE, f"/incident resolve {text}")
    await settle(world)
    message = root_of(world, "All of it is in the thread.")
    replies = "\n".join(words(world, m) for m in world.ws.replies(message) if m != message)
    assert all_words(replies) == all_words(text)


async def test_a_description_that_the_card_cannot_show_stands_in_its_thread(world: World) -> None:
    await world.maya.command("#general", "/incident declare")
    title, description = long_text(290, "title"), long_text(2_900)
    await world.maya.fill(world.maya.view, {"Title": title, "Severity": "sev2", "What is happening?": description})
    assert (await world.maya.submit()).ok
    channel = await world.incident_channel()
    await settle(world)
    card = world.card(channel)
    assert "in full are in the thread under the card" in words(world, card)
    replies = "\n".join(words(world, m) for m in world.ws.replies(card) if m != card)
    assert all_words(replies, "title") == all_words(title, "title")
    assert all_words(replies) == all_words(description)


async def test_a_timeline_of_a_hundred_long_messages_is_shown_and_says_how_many_are_left_out(world: World) -> None:
    await declare(world)
    for number in range(100):
        await world.maya.say(INSIDE, f"message {number} {long_text(380)}")
    await settle(world)
    answer = await type_command(world, "maya", INSIDE, "/incident timeline all")
    assert "message 99" in answer
    left = re.search(r"and (\d+) more", answer)
    assert left
    shown = len(re.findall(r"message \d+ word", answer))
    assert 0 < shown < 100
    assert int(left[1]) >= 100 - shown
    menu = await world.maya.command(INSIDE, "/incident")
    assert menu.message is not None
    await world.maya.press(menu.message, "Timeline")
    assert "Timeline of INC-1" in (await ephemeral_texts(world, "maya"))[-1]


async def test_a_long_note_is_shown_whole_on_the_timeline(world: World) -> None:
    await declare(world)
    text = long_text(5_000)
    await type_command(world, "maya", INSIDE, f"/incident note {text}")
    assert all_words(await type_command(world, "maya", INSIDE, "/incident timeline")) == all_words(text)


async def test_a_redacted_update_is_removed_from_its_thread_too(world: World) -> None:
    await declare(world)
    await type_command(world, "maya", INSIDE, "/incident lead @maya")
    await type_command(world, "maya", INSIDE, f"/incident update {long_text(26_000)}")
    await settle(world)
    message = root_of(world, "Update #1")
    assert (await world.maya.message_shortcut("Redact", message)).ok
    await world.maya.fill(world.maya.view, {"Why?": "It held a password"})
    assert (await world.maya.submit()).ok
    await settle(world)
    assert all_words(whole(world, message)) == []
