"""Texts longer than Slack takes in one message: the rest goes into the thread, or the message says what is left out."""

from __future__ import annotations

import re

from sandbox import Message
from tests.scenarios.assertions import declared, rest, told, typed, words
from tests.scenarios.running import World

INSIDE = "inc-1-checkout-is-down"


def long_text(characters: int, word: str = "word") -> str:
    """Numbered words, so that each can be looked for."""
    text = " ".join(f"{word}{number:04}" for number in range(characters // (len(word) + 5) + 1))
    return text[:characters]


def all_words(text: str, word: str = "word") -> list[str]:
    return re.findall(rf"\b{word}\d{{4}}\b", text)


def root_of(here: World, begins: str) -> Message:
    pinned = here.ws.pinned(here.ws.channel(INSIDE).id)
    posted = [m for m in here.ws.bot_messages(INSIDE, threads=False) if m not in pinned]
    (message,) = [m for m in posted if begins in words(here, m)]
    return message


def whole(here: World, message: Message) -> str:
    """The message and its thread."""
    return "\n".join(words(here, part) for part in [message, *(m for m in here.ws.replies(message) if m != message)])


async def test_an_update_longer_than_slack_takes_goes_on_in_its_thread(here: World) -> None:
    await declared(here)
    text = long_text(12_500)
    assert "Update #1" in await typed(here, "maya", INSIDE, f"/incident update {text}")
    await rest(here)
    message = root_of(here, "Update #1")
    assert "it goes on in the thread" in words(here, message)
    assert all_words(whole(here, message)) == all_words(text)
    assert (await here.show())["timeline"][-1]["kind"] != "delivery_failed"


async def test_an_update_that_fits_has_no_thread(here: World) -> None:
    await declared(here)
    text = long_text(9_000)
    await typed(here, "maya", INSIDE, f"/incident update {text}")
    await rest(here)
    message = root_of(here, "Update #1")
    assert all_words(words(here, message)) == all_words(text)
    assert "in the thread" not in words(here, message)
    assert here.ws.replies(message) in ([], [message])


async def test_a_reason_that_the_news_cannot_show_stands_in_its_thread(here: World) -> None:
    await declared(here)
    text = long_text(5_000)
    await typed(here, "maya", INSIDE, f"/incident resolve {text}")
    await rest(here)
    message = root_of(here, "All of it is in the thread.")
    replies = "\n".join(words(here, m) for m in here.ws.replies(message) if m != message)
    assert all_words(replies) == all_words(text)


async def test_a_description_that_the_card_cannot_show_stands_in_its_thread(here: World) -> None:
    await here.maya.command("#general", "/incident declare")
    title, description = long_text(290, "title"), long_text(2_900)
    await here.maya.fill(here.maya.view, {"Title": title, "Severity": "sev2", "What is happening?": description})
    assert (await here.maya.submit()).ok
    channel = await here.opened()
    await rest(here)
    card = here.card(channel)
    assert "in full are in the thread under the card" in words(here, card)
    replies = "\n".join(words(here, m) for m in here.ws.replies(card) if m != card)
    assert all_words(replies, "title") == all_words(title, "title")
    assert all_words(replies) == all_words(description)


async def test_a_timeline_of_a_hundred_long_messages_is_shown_and_says_how_many_are_left_out(here: World) -> None:
    await declared(here)
    for number in range(100):
        await here.maya.say(INSIDE, f"message {number} {long_text(380)}")
    await rest(here)
    answer = await typed(here, "maya", INSIDE, "/incident timeline all")
    assert "message 99" in answer
    left = re.search(r"and (\d+) more", answer)
    assert left
    shown = len(re.findall(r"message \d+ word", answer))
    assert 0 < shown < 100
    assert int(left[1]) >= 100 - shown
    menu = await here.maya.command(INSIDE, "/incident")
    assert menu.message is not None
    await here.maya.press(menu.message, "Timeline")
    assert "Timeline of INC-1" in (await told(here, "maya"))[-1]


async def test_a_long_note_is_shown_whole_on_the_timeline(here: World) -> None:
    await declared(here)
    text = long_text(5_000)
    await typed(here, "maya", INSIDE, f"/incident note {text}")
    assert all_words(await typed(here, "maya", INSIDE, "/incident timeline")) == all_words(text)


async def test_a_redacted_update_is_removed_from_its_thread_too(here: World) -> None:
    await declared(here)
    await typed(here, "maya", INSIDE, "/incident lead @maya")
    await typed(here, "maya", INSIDE, f"/incident update {long_text(26_000)}")
    await rest(here)
    message = root_of(here, "Update #1")
    assert (await here.maya.message_shortcut("Redact", message)).ok
    await here.maya.fill(here.maya.view, {"Why?": "It held a password"})
    assert (await here.maya.submit()).ok
    await rest(here)
    assert all_words(whole(here, message)) == []
