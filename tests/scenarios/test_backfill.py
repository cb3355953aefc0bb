"""What people wrote and changed while the bot was away is on the timeline once it is back."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from storage.timeline.verify import chain_faults
from tests.scenarios.assertions import declare, of_kind, settle, texts, type_command
from tests.scenarios.running import World, running_world, start

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


async def about(world: World, *kinds: str) -> list[tuple[str, str, str]]:
    """`(kind, actor, text)`, in the order of the book."""
    return [(e["kind"], e["actor"], e["text"]) for e in of_kind(await world.show(), *kinds)]


async def again(world: World, times: int = 2) -> None:
    for _ in range(times):
        await world.restart()
        await settle(world)


async def test_a_reply_in_an_old_thread_that_was_edited_meanwhile_is_fetched_once(world: World) -> None:
    await declare(world)
    parent = await world.maya.say(INSIDE, "an old thread")
    reply = await world.maya.reply(parent, "4512 is fine")
    async with Away(world):
        pass  # the thread is known, and nothing new is said in it
    async with Away(world):
        await world.maya.edit(reply, "4512 is broken")
    assert texts(of_kind(await world.show(), "message_edited")) == ["4512 is broken"]
    await again(world)
    assert texts(of_kind(await world.show(), "message_edited")) == ["4512 is broken"]
    assert await messages(world) == ["an old thread", "4512 is fine"]


async def test_what_was_deleted_meanwhile_is_said_to_be_gone_and_its_words_stay(world: World) -> None:
    channel = await declare(world)
    await world.tom.join(INSIDE)
    secret = await world.maya.say(INSIDE, "a secret")
    parent = await world.tom.say(INSIDE, "a thread that loses its head")
    lost = await world.maya.reply(parent, "a reply that goes")
    await world.maya.reply(parent, "a reply that stays")
    bare = await world.tom.say(INSIDE, "a thread that loses its only reply")
    only = await world.maya.reply(bare, "the only one")
    last = await world.tom.say(INSIDE, "the last word")
    async with Away(world):
        for message in (secret, lost, only):
            await world.maya.delete(message)
        for message in (parent, last):
            await world.tom.delete(message)
    gone = {e["source_ts"]: e for e in of_kind(await world.show(), "message_deleted")}
    assert set(gone) == {secret.ts, parent.ts, lost.ts, only.ts, last.ts}
    assert gone[secret.ts]["actor"] == world.maya.id
    assert all(e["data"] == {"fetched": True} for e in gone.values())
    assert "a secret" in await messages(world)
    assert "was deleted while I was offline" in await type_command(world, "maya", INSIDE, "/incident timeline all")
    await again(world)
    assert len(of_kind(await world.show(), "message_deleted")) == 5
    async with world.tocsin.database.reading() as conn:
        assert await chain_faults(conn, 1) == []
    assert channel.id


async def test_what_the_workspace_no_longer_shows_was_deleted_by_nobody(world: World) -> None:
    """Retention takes the oldest messages away, and some plans do not show them."""
    channel = await declare(world)
    for number in range(3):
        await world.maya.say(INSIDE, f"long ago {number}")
    await world.maya.say(INSIDE, "today")
    async with Away(world):
        log = world.ws.state.logs[channel.id]
        for message in [m for m in log.messages.values() if m.text != "today"]:
            world.ws.state.remove_message(message)
    assert of_kind(await world.show(), "message_deleted") == []


async def test_pushpins_and_reactions_of_meanwhile_are_fetched_once(world: World) -> None:
    await declare(world)
    await world.tom.join(INSIDE)
    message = await world.maya.say(INSIDE, "Deploy 4512 went out")
    other = await world.maya.say(INSIDE, "Nobody was told")
    reply = await world.maya.reply(message, "the cause")
    await world.tom.react(other, "pushpin")
    await world.tom.react(other, "eyes")
    async with Away(world):
        pass
    async with Away(world):
        await world.tom.react(message, "pushpin")
        await world.maya.react(reply, "pushpin")
        await world.tom.react(reply, "tada")
        await world.maya.react(reply, "+1::skin-tone-3")
        await world.tom.unreact(other, "pushpin")
        await world.tom.unreact(other, "eyes")
        late = await world.tom.say(INSIDE, "said and marked")
        await world.tom.react(late, "pushpin")
    standing = {e["text"]: e["key"] for e in of_kind(await world.show(), "message")}
    assert standing == {
        "Deploy 4512 went out": True, "Nobody was told": False, "the cause": True, "said and marked": True,
    }  # fmt: skip
    marks = await about(world, "keyed", "unkeyed", "reaction")
    assert sorted(marks[:2]) == [("keyed", world.tom.id, ""), ("reaction", world.tom.id, ":eyes:")]
    assert sorted(marks[2:]) == sorted(
        [
            ("keyed", world.tom.id, ""), ("keyed", world.tom.id, ""), ("keyed", world.maya.id, ""),
            ("reaction", world.maya.id, ":+1:"), ("unkeyed", world.tom.id, ""),
            ("reaction", world.tom.id, ":eyes: taken back"),
        ]
    )  # fmt: skip
    await again(world)
    assert await about(world, "keyed", "unkeyed", "reaction") == marks
    await world.tom.react(other, "pushpin")
    await settle(world)
    assert (await about(world, "keyed", "unkeyed", "reaction"))[len(marks) :] == [("keyed", world.tom.id, "")]


async def test_a_pushpin_that_was_fetched_and_is_then_delivered_late_is_one_entry(world: World) -> None:
    await declare(world)
    message = await world.maya.say(INSIDE, "Deploy 4512 went out")
    await settle(world)
    await world.tocsin.stop()
    world.ws.delivery.faults.hold = True
    await world.maya.react(message, "pushpin")
    await world.maya.react(message, "eyes")
    await world.maya.pin(message)
    await world.maya.delete(await world.maya.say(INSIDE, "never mind"))
    world.tocsin = await start(world.ws, world.settings)
    await settle(world)
    assert sorted(await about(world, "keyed", "reaction", "pin")) == [
        ("keyed", world.maya.id, ""),
        ("pin", world.maya.id, "pinned a message"),
        ("reaction", world.maya.id, ":eyes:"),
    ]
    await world.maya.unreact(message, "pushpin")
    await world.maya.react(message, "pushpin")
    await settle(world)
    assert [kind for kind, *_ in await about(world, "keyed", "unkeyed")] == ["keyed", "unkeyed", "keyed"]


async def test_a_message_keyed_by_the_shortcut_stays_so(world: World) -> None:
    await declare(world)
    message = await world.maya.say(INSIDE, "Deploy 4512 went out")
    await world.maya.message_shortcut("add_to_timeline", message)
    await settle(world)
    async with Away(world):
        pass
    assert await about(world, "keyed", "unkeyed") == [("keyed", world.maya.id, "")]


async def test_pins_of_meanwhile_are_fetched_with_who_pinned_and_the_bots_own_are_not(world: World) -> None:
    await declare(world)
    await world.tom.join(INSIDE)
    message = await world.maya.say(INSIDE, "important")
    other = await world.maya.say(INSIDE, "less so")
    await world.maya.pin(other)
    async with Away(world):
        await world.tom.pin(message)
        await world.tom.unpin(other)
    expected = [
        ("pin", world.maya.id, "pinned a message"),
        ("pin", world.tom.id, "pinned a message"),
        ("pin", "unknown", "unpinned a message"),
    ]
    assert sorted(await about(world, "pin")) == sorted(expected)
    await again(world)
    assert len(await about(world, "pin")) == 3


async def test_with_key_entries_only_a_pushpin_of_meanwhile_brings_its_message(sqlite_url: str, tmp_path: Path) -> None:
    policy = tmp_path / "policy.yml"
    policy.write_text("preset: sev1-5\nannounce: '#incidents'\ntimeline: {record: key}\n")
    async with running_world(sqlite_url, policy=policy) as world:
        await declare(world)
        message = await world.maya.say(INSIDE, "Deploy 4512 went out")
        await world.maya.say(INSIDE, "chatter")
        async with Away(world):
            await world.maya.react(message, "pushpin")
            await world.maya.react(message, "eyes")
            await world.maya.pin(message)
        assert await messages(world) == ["Deploy 4512 went out"]
        assert await about(world, "keyed", "reaction", "pin") == [("keyed", world.maya.id, "")]


async def test_a_card_that_was_deleted_meanwhile_is_put_back(world: World) -> None:
    channel = await declare(world)
    async with Away(world):
        world.ws.posting.delete(world.card(channel))
    await world.ws.until(lambda: world.ws.pinned(channel.id))
    assert "Checkout is down" in str(world.card(channel).blocks)


async def test_people_whom_slack_does_not_name_are_not_said_to_have_taken_a_reaction_back(world: World) -> None:
    channel = await declare(world)
    await world.tom.join(INSIDE)
    message = await world.maya.say(INSIDE, "Deploy 4512 went out")
    await world.maya.react(message, "pushpin")
    await world.tom.react(message, "pushpin")
    messages_api = world.ws.slack_messages
    complete = messages_api.message

    def shortened(*args: Any, **more: Any) -> dict[str, Any]:
        shape = complete(*args, **more)
        return shape | {
            "reactions": [reaction | {"users": reaction["users"][:1]} for reaction in shape.get("reactions", [])]
        }

    async with Away(world):
        messages_api.message = shortened  # type: ignore[method-assign]
    assert of_kind(await world.show(), "unkeyed") == []
    assert channel.id


async def test_so_many_quiet_threads_are_read_again_and_the_latest_first(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.slack.inbound.backfill.UNCHANGED_THREADS", 2)
    await declare(world)
    replies = []
    for number in range(3):
        parent = await world.maya.say(INSIDE, f"thread {number}")
        replies.append(await world.maya.reply(parent, f"reply {number}"))
    async with Away(world):
        pass
    before = len(world.ws.calls("conversations.replies"))
    async with Away(world):
        for reply in replies:
            await world.maya.edit(reply, f"{reply.text}, edited")
    assert sorted(texts(of_kind(await world.show(), "message_edited"))) == ["reply 1, edited", "reply 2, edited"]
    read = [call.args["ts"] for call in world.ws.calls("conversations.replies")[before:]]
    assert read == sorted(read, reverse=True)
    assert len(read) == 2


async def test_several_incidents_are_each_fetched(world: World) -> None:
    await declare(world)
    await world.tom.command("#general", "/incident declare sev4 Typo on the page")
    second = await world.incident_channel(2)
    async with Away(world):
        await world.maya.say(INSIDE, "about the first")
        await world.tom.say(second.name, "about the second")
    assert await messages(world) == ["about the first"]
    assert texts(of_kind(await world.show(2), "message")) == ["about the second"]


@pytest.mark.parametrize("error", ["internal_error", "ratelimited"])
async def test_a_history_that_cannot_be_read_at_once_is_read_later(world: World, error: str) -> None:
    await declare(world)
    world.ws.faults.add("conversations.history", error=error, retry_after=0.1)
    async with Away(world):
        await world.maya.say(INSIDE, "while away")
    await world.ws.until(lambda: len(world.ws.calls("conversations.history")) >= 3)
    await settle(world)
    assert await messages(world) == ["while away"]


@pytest.mark.timeout(300)
async def test_a_long_history_is_read_within_slacks_limits_and_from_where_it_stopped(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ninety pages and threads at thirty calls a minute: were it begun anew each time, it would never end."""
    monkeypatch.setattr("bot.slack.inbound.backfill.PAGE", 10)
    monkeypatch.setattr("bot.slack.client.rate_limiter.MINUTE_S", 3.0)
    async with running_world(sqlite_url) as world:
        await declare(world)
        world.ws.faults.clear()
        async with Away(world, comes_to_rest=False):
            for number in range(450):
                await world.maya.say(INSIDE, f"while away {number}")
            for number in range(45):
                parent = await world.maya.say(INSIDE, f"thread {number}")
                await world.maya.reply(parent, f"reply {number}")
            before = len(world.ws.calls())
            world.ws.rates.minute_s = 3.0
            world.ws.rates.on = True
        while len(await messages(world)) < 540:
            await asyncio.sleep(0.2)  # each look reads them all
        calls = [call for call in world.ws.calls()[before:] if call.method in READS]
        assert len(await messages(world)) == 540
        assert sum(call.status == 429 for call in calls) <= 2
        assert len([call for call in calls if call.ok]) < 110, "hardly a page was read twice"


READS = frozenset({"conversations.history", "conversations.replies"})


async def test_a_history_of_more_than_fifty_pages_is_read_to_its_beginning(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.slack.inbound.backfill.PAGE", 2)
    monkeypatch.setattr("bot.slack.client.rate_limiter.MINUTE_S", 1.0)
    channel = await world.declare()
    await world.delivered()
    await world.tocsin.stop()
    world.ws.delivery.faults.drop = True
    for number in range(120):
        await world.maya.say(channel.id, f"line {number}")
    world.ws.delivery.faults.drop = False
    await world.restart()
    await world.delivered()
    read = [entry["text"] for entry in (await world.show())["timeline"] if entry["kind"] == "message"]
    assert sorted(read) == sorted(f"line {number}" for number in range(120))


async def test_a_history_that_is_not_read_completely_says_so_on_the_timeline(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.slack.inbound.backfill.PAGE", 5)
    monkeypatch.setattr("bot.slack.inbound.backfill.PAGES", 2)
    channel = await world.declare()
    await world.delivered()
    await world.tocsin.stop()
    world.ws.delivery.faults.drop = True
    parent = await world.maya.say(channel.id, "the parent")
    for number in range(15):
        await world.maya.say(channel.id, f"line {number}")
        await world.maya.reply(parent, f"reply {number}", broadcast=number == 14)
    world.ws.delivery.faults.drop = False
    await world.restart()
    await world.delivered()
    gaps = [entry for entry in (await world.show())["timeline"] if entry["kind"] == "history_gap"]
    assert [gap["text"].split(" written")[0] for gap in gaps] == ["Messages"]
    assert gaps[0]["key"]


async def test_a_thread_that_is_not_read_completely_says_so_and_is_read_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.slack.inbound.backfill.PAGE", 5)
    monkeypatch.setattr("bot.slack.inbound.backfill.PAGES", 2)
    channel = await world.declare("sev2 Checkout is down")
    await world.delivered()
    parent = await world.maya.say(channel.id, "the parent")
    await world.ws.settled()
    await world.tocsin.stop()
    world.ws.delivery.faults.drop = True
    for number in range(15):
        await world.maya.reply(parent, f"reply {number}")
    world.ws.delivery.faults.drop = False
    await world.restart()
    await world.delivered()
    timeline = (await world.show())["timeline"]
    assert [gap["text"].split(" written")[0] for gap in timeline if gap["kind"] == "history_gap"] == ["Replies"]
    monkeypatch.setattr("bot.slack.inbound.backfill.PAGES", 250)
    await world.restart()
    await world.delivered()
    read = [entry["text"] for entry in (await world.show())["timeline"] if entry["kind"] == "message"]
    assert {f"reply {number}" for number in range(15)} <= set(read)
