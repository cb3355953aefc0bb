"""Messages, edits and deletions from the bot's absence are on the timeline once it is back."""

from __future__ import annotations

from typing import Any

from storage.timeline.verify import chain_faults
from tests.scenarios.assertions import declare, of_kind, settle, texts
from tests.scenarios.running import World, start

INSIDE = "inc-1-checkout-is-down"


class Away:
    """The bot is stopped and Slack's events are lost, as after an hour's absence."""

    def __init__(self, world: World, *, comes_to_rest: bool = True) -> None:
        self.world = world
        self.comes_to_rest = comes_to_rest  # False: what it missed takes longer to fetch than anybody waits for rest

    async def __aenter__(self) -> None:
        await settle(self.world)
        await self.world.tocsin.stop()
        self.world.ws.delivery.faults.drop = True

    async def __aexit__(self, *_: Any) -> None:
        self.world.ws.delivery.faults.clear()
        self.world.tocsin = await start(self.world.ws, self.world.settings)
        if self.comes_to_rest:
            await settle(self.world)


async def messages(world: World) -> list[str]:
    return texts(of_kind(await world.show(), "message"))


async def test_messages_files_and_replies_said_meanwhile_are_fetched_once(world: World) -> None:
    await declare(world)
    old = await world.maya.say(INSIDE, "before")
    threaded = await world.maya.say(INSIDE, "an old thread")
    await world.maya.reply(threaded, "its first reply")
    async with Away(world):
        message = await world.maya.say(INSIDE, "while away", files=["graph.png"])
        await world.maya.reply(message, "in a new thread")
        await world.maya.reply(old, "in a thread that was none")
        await world.maya.reply(threaded, "in an old thread")
        await world.maya.reply(threaded, "to everybody", broadcast=True)
    expected = [
        "before", "an old thread", "its first reply", "while away", "in a new thread", "in a thread that was none",
        "in an old thread", "to everybody",
    ]  # fmt: skip
    assert sorted(await messages(world)) == sorted(expected)
    assert texts(of_kind(await world.show(), "file")) == ["graph.png"]
    fetched = {e["text"] for e in of_kind(await world.show(), "message") if e["data"].get("fetched")}
    assert fetched == set(expected[3:])
    for _ in range(2):
        await world.restart()
        await settle(world)
    assert sorted(await messages(world)) == sorted(expected)


async def test_one_odd_message_does_not_keep_back_those_after_it(world: World) -> None:
    """An app's message may hold anything: `attachments: [null]` was seen."""
    await declare(world)
    async with Away(world):
        await world.maya.say(INSIDE, "one")
        odd = await world.maya.say(INSIDE, "two")
        odd.text, odd.blocks, odd.attachments = "", None, [None]  # type: ignore[list-item]
        odder = await world.maya.say(INSIDE, "three")
        odder.text, odder.blocks, odder.edited = "", ["x"], {"ts": {}}  # type: ignore[list-item]
        parent = await world.maya.say(INSIDE, "four")
        reply = await world.maya.reply(parent, "five")
        reply.text, reply.blocks, reply.attachments = "", None, [{"fields": [None]}]
        await world.maya.reply(parent, "six")
    assert [text for text in await messages(world) if text] == ["one", "four", "six"]


async def test_an_edit_made_meanwhile_is_fetched_and_the_first_text_stays(world: World) -> None:
    await declare(world)
    message = await world.maya.say(INSIDE, "first")
    async with Away(world):
        await world.maya.edit(message, "second")
        other = await world.maya.say(INSIDE, "typo")
        await world.maya.edit(other, "no typo")
    entries = [(e["kind"], e["text"]) for e in of_kind(await world.show(), "message", "message_edited")]
    assert ("message", "first") in entries
    assert ("message_edited", "second") in entries
    assert ("message_edited", "no typo") in entries
    await world.maya.edit(message, "third")
    await settle(world)
    entries = [(e["kind"], e["text"]) for e in of_kind(await world.show(), "message", "message_edited")]
    assert entries.count(("message", "first")) == 1
    assert entries.count(("message_edited", "second")) == 1
    assert entries[-1] == ("message_edited", "third")


async def test_an_edit_seen_live_is_not_fetched_again(world: World) -> None:
    await declare(world)
    message = await world.maya.say(INSIDE, "first")
    await world.maya.edit(message, "second")
    async with Away(world):
        pass
    assert len(of_kind(await world.show(), "message", "message_edited")) == 2


async def test_joins_topics_and_names_changed_meanwhile_are_fetched_once(world: World) -> None:
    await declare(world)
    async with Away(world):
        await world.tom.join(INSIDE)
        await world.maya.set_topic(INSIDE, "war room")
        await world.maya.rename(INSIDE, "inc-1-payments")
    await world.restart()
    await settle(world)
    shown = await world.show()
    assert [e["actor"] for e in of_kind(shown, "joined")].count(world.tom.id) == 1
    assert [(e["kind"], e["text"]) for e in of_kind(shown, "topic", "renamed")] == [
        ("topic", "war room"),
        ("renamed", "inc-1-payments"),
    ]


async def test_other_bots_are_fetched_and_the_bots_own_words_are_not(world: World) -> None:
    channel = await declare(world)
    async with Away(world):
        world.ws.posting.post(channel, "U0DEPLOYS0", "Deploy 4513", bot_id="B0DEPLOYS0", app_id="A0DEPLOYS0")
    assert await messages(world) == ["Deploy 4513"]


async def test_replies_under_the_bots_own_messages_are_fetched(world: World) -> None:
    channel = await declare(world)
    async with Away(world):
        await world.maya.reply(world.card(channel), "under the card")
    assert await messages(world) == ["under the card"]


async def test_what_was_fetched_and_is_then_delivered_late_is_one_entry(world: World) -> None:
    await declare(world)
    await settle(world)
    await world.tocsin.stop()
    world.ws.delivery.faults.hold = True
    message = await world.maya.say(INSIDE, "twice told")
    await world.maya.reply(message, "reply, twice told")
    await world.tom.join(INSIDE)
    world.tocsin = await start(world.ws, world.settings)
    await settle(world)
    assert await messages(world) == ["twice told", "reply, twice told"]
    shown = await world.show()
    assert [e["actor"] for e in of_kind(shown, "joined")].count(world.tom.id) == 1


async def test_a_long_absence_is_fetched_whole_page_by_page(world: World) -> None:
    await declare(world)
    async with Away(world):
        for number in range(450):
            await world.maya.say(INSIDE, f"line {number}")
    assert sorted(await messages(world)) == sorted(f"line {number}" for number in range(450))
    async with world.tocsin.database.reading() as conn:
        assert await chain_faults(conn, 1) == []


async def test_what_was_fetched_stands_in_the_order_it_was_said(world: World) -> None:
    await declare(world)
    async with Away(world):
        first = await world.maya.say(INSIDE, "one")
        await world.maya.say(INSIDE, "two")
        await world.maya.reply(first, "one and a half")
        await world.maya.say(INSIDE, "three")
    assert await messages(world) == ["one", "two", "one and a half", "three"]
