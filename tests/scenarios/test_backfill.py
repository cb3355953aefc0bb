"""What people wrote and changed while the bot was away is on the timeline once it is back."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from storage.timeline.verify import chain_faults
from tests.scenarios.assertions import declared, of_kind, rest, texts, typed
from tests.scenarios.running import World, start, world

INSIDE = "inc-1-checkout-is-down"


class Away:
    """The bot is stopped and Slack's events are lost, as after an hour's absence."""

    def __init__(self, here: World, *, comes_to_rest: bool = True) -> None:
        self.here = here
        self.comes_to_rest = comes_to_rest  # False: what it missed takes longer to fetch than anybody waits for rest

    async def __aenter__(self) -> None:
        await rest(self.here)
        await self.here.tocsin.stop()
        self.here.ws.delivery.faults.drop = True

    async def __aexit__(self, *_: Any) -> None:
        self.here.ws.delivery.faults.clear()
        self.here.tocsin = await start(self.here.ws, self.here.settings)
        if self.comes_to_rest:
            await rest(self.here)


async def messages(here: World) -> list[str]:
    return texts(of_kind(await here.show(), "message"))


async def test_messages_files_and_replies_said_meanwhile_are_fetched_once(here: World) -> None:
    await declared(here)
    old = await here.maya.say(INSIDE, "before")
    threaded = await here.maya.say(INSIDE, "an old thread")
    await here.maya.reply(threaded, "its first reply")
    async with Away(here):
        message = await here.maya.say(INSIDE, "while away", files=["graph.png"])
        await here.maya.reply(message, "in a new thread")
        await here.maya.reply(old, "in a thread that was none")
        await here.maya.reply(threaded, "in an old thread")
        await here.maya.reply(threaded, "to everybody", broadcast=True)
    expected = [
        "before", "an old thread", "its first reply", "while away", "in a new thread", "in a thread that was none",
        "in an old thread", "to everybody",
    ]  # fmt: skip
    assert sorted(await messages(here)) == sorted(expected)
    assert texts(of_kind(await here.show(), "file")) == ["graph.png"]
    fetched = {e["text"] for e in of_kind(await here.show(), "message") if e["data"].get("fetched")}
    assert fetched == set(expected[3:])
    for _ in range(2):
        await here.restarted()
        await rest(here)
    assert sorted(await messages(here)) == sorted(expected)


async def test_one_odd_message_does_not_keep_back_those_after_it(here: World) -> None:
    """An app's message may hold anything: `attachments: [null]` was seen."""
    await declared(here)
    async with Away(here):
        await here.maya.say(INSIDE, "one")
        odd = await here.maya.say(INSIDE, "two")
        odd.text, odd.blocks, odd.attachments = "", None, [None]  # type: ignore[list-item]
        odder = await here.maya.say(INSIDE, "three")
        odder.text, odder.blocks, odder.edited = "", ["x"], {"ts": {}}  # type: ignore[list-item]
        parent = await here.maya.say(INSIDE, "four")
        reply = await here.maya.reply(parent, "five")
        reply.text, reply.blocks, reply.attachments = "", None, [{"fields": [None]}]
        await here.maya.reply(parent, "six")
    assert [text for text in await messages(here) if text] == ["one", "four", "six"]


async def test_an_edit_made_meanwhile_is_fetched_and_the_first_text_stays(here: World) -> None:
    await declared(here)
    message = await here.maya.say(INSIDE, "first")
    async with Away(here):
        await here.maya.edit(message, "second")
        other = await here.maya.say(INSIDE, "typo")
        await here.maya.edit(other, "no typo")
    entries = [(e["kind"], e["text"]) for e in of_kind(await here.show(), "message", "message_edited")]
    assert ("message", "first") in entries
    assert ("message_edited", "second") in entries
    assert ("message_edited", "no typo") in entries
    await here.maya.edit(message, "third")
    await rest(here)
    entries = [(e["kind"], e["text"]) for e in of_kind(await here.show(), "message", "message_edited")]
    assert entries.count(("message", "first")) == 1
    assert entries.count(("message_edited", "second")) == 1
    assert entries[-1] == ("message_edited", "third")


async def test_an_edit_seen_live_is_not_fetched_again(here: World) -> None:
    await declared(here)
    message = await here.maya.say(INSIDE, "first")
    await here.maya.edit(message, "second")
    async with Away(here):
        pass
    assert len(of_kind(await here.show(), "message", "message_edited")) == 2


async def test_joins_topics_and_names_changed_meanwhile_are_fetched_once(here: World) -> None:
    await declared(here)
    async with Away(here):
        await here.tom.join(INSIDE)
        await here.maya.set_topic(INSIDE, "war room")
        await here.maya.rename(INSIDE, "inc-1-payments")
    await here.restarted()
    await rest(here)
    shown = await here.show()
    assert [e["actor"] for e in of_kind(shown, "joined")].count(here.tom.id) == 1
    assert [(e["kind"], e["text"]) for e in of_kind(shown, "topic", "renamed")] == [
        ("topic", "war room"),
        ("renamed", "inc-1-payments"),
    ]


async def test_other_bots_are_fetched_and_the_bots_own_words_are_not(here: World) -> None:
    channel = await declared(here)
    async with Away(here):
        here.ws.posting.post(channel, "U0DEPLOYS0", "Deploy 4513", bot_id="B0DEPLOYS0", app_id="A0DEPLOYS0")
    assert await messages(here) == ["Deploy 4513"]


async def test_replies_under_the_bots_own_messages_are_fetched(here: World) -> None:
    channel = await declared(here)
    async with Away(here):
        await here.maya.reply(here.card(channel), "under the card")
    assert await messages(here) == ["under the card"]


async def test_what_was_fetched_and_is_then_delivered_late_is_one_entry(here: World) -> None:
    await declared(here)
    await rest(here)
    await here.tocsin.stop()
    here.ws.delivery.faults.hold = True
    message = await here.maya.say(INSIDE, "twice told")
    await here.maya.reply(message, "reply, twice told")
    await here.tom.join(INSIDE)
    here.tocsin = await start(here.ws, here.settings)
    await rest(here)
    assert await messages(here) == ["twice told", "reply, twice told"]
    shown = await here.show()
    assert [e["actor"] for e in of_kind(shown, "joined")].count(here.tom.id) == 1


async def test_a_long_absence_is_fetched_whole_page_by_page(here: World) -> None:
    await declared(here)
    async with Away(here):
        for number in range(450):
            await here.maya.say(INSIDE, f"line {number}")
    assert sorted(await messages(here)) == sorted(f"line {number}" for number in range(450))
    async with here.tocsin.database.reading() as conn:
        assert await chain_faults(conn, 1) == []


async def test_what_was_fetched_stands_in_the_order_it_was_said(here: World) -> None:
    await declared(here)
    async with Away(here):
        first = await here.maya.say(INSIDE, "one")
        await here.maya.say(INSIDE, "two")
        await here.maya.reply(first, "one and a half")
        await here.maya.say(INSIDE, "three")
    assert await messages(here) == ["one", "two", "one and a half", "three"]


async def about(here: World, *kinds: str) -> list[tuple[str, str, str]]:
    """`(kind, actor, text)`, in the order of the book."""
    return [(e["kind"], e["actor"], e["text"]) for e in of_kind(await here.show(), *kinds)]


async def again(here: World, times: int = 2) -> None:
    for _ in range(times):
        await here.restarted()
        await rest(here)


async def test_a_reply_in_an_old_thread_that_was_edited_meanwhile_is_fetched_once(here: World) -> None:
    await declared(here)
    parent = await here.maya.say(INSIDE, "an old thread")
    reply = await here.maya.reply(parent, "4512 is fine")
    async with Away(here):
        pass  # the thread is known, and nothing new is said in it
    async with Away(here):
        await here.maya.edit(reply, "4512 is broken")
    assert texts(of_kind(await here.show(), "message_edited")) == ["4512 is broken"]
    await again(here)
    assert texts(of_kind(await here.show(), "message_edited")) == ["4512 is broken"]
    assert await messages(here) == ["an old thread", "4512 is fine"]


async def test_what_was_deleted_meanwhile_is_said_to_be_gone_and_its_words_stay(here: World) -> None:
    channel = await declared(here)
    await here.tom.join(INSIDE)
    secret = await here.maya.say(INSIDE, "a secret")
    parent = await here.tom.say(INSIDE, "a thread that loses its head")
    lost = await here.maya.reply(parent, "a reply that goes")
    await here.maya.reply(parent, "a reply that stays")
    bare = await here.tom.say(INSIDE, "a thread that loses its only reply")
    only = await here.maya.reply(bare, "the only one")
    last = await here.tom.say(INSIDE, "the last word")
    async with Away(here):
        for message in (secret, lost, only):
            await here.maya.delete(message)
        for message in (parent, last):
            await here.tom.delete(message)
    gone = {e["source_ts"]: e for e in of_kind(await here.show(), "message_deleted")}
    assert set(gone) == {secret.ts, parent.ts, lost.ts, only.ts, last.ts}
    assert gone[secret.ts]["actor"] == here.maya.id
    assert all(e["data"] == {"fetched": True} for e in gone.values())
    assert "a secret" in await messages(here)
    assert "was deleted while I was offline" in await typed(here, "maya", INSIDE, "/incident timeline all")
    await again(here)
    assert len(of_kind(await here.show(), "message_deleted")) == 5
    async with here.tocsin.database.reading() as conn:
        assert await chain_faults(conn, 1) == []
    assert channel.id


async def test_what_the_workspace_no_longer_shows_was_deleted_by_nobody(here: World) -> None:
    """Retention takes the oldest messages away, and some plans do not show them."""
    channel = await declared(here)
    for number in range(3):
        await here.maya.say(INSIDE, f"long ago {number}")
    await here.maya.say(INSIDE, "today")
    async with Away(here):
        log = here.ws.state.logs[channel.id]
        for message in [m for m in log.messages.values() if m.text != "today"]:
            here.ws.state.remove_message(message)
    assert of_kind(await here.show(), "message_deleted") == []


async def test_pushpins_and_reactions_of_meanwhile_are_fetched_once(here: World) -> None:
    await declared(here)
    await here.tom.join(INSIDE)
    message = await here.maya.say(INSIDE, "Deploy 4512 went out")
    other = await here.maya.say(INSIDE, "Nobody was told")
    reply = await here.maya.reply(message, "the cause")
    await here.tom.react(other, "pushpin")
    await here.tom.react(other, "eyes")
    async with Away(here):
        pass
    async with Away(here):
        await here.tom.react(message, "pushpin")
        await here.maya.react(reply, "pushpin")
        await here.tom.react(reply, "tada")
        await here.maya.react(reply, "+1::skin-tone-3")
        await here.tom.unreact(other, "pushpin")
        await here.tom.unreact(other, "eyes")
        late = await here.tom.say(INSIDE, "said and marked")
        await here.tom.react(late, "pushpin")
    standing = {e["text"]: e["key"] for e in of_kind(await here.show(), "message")}
    assert standing == {
        "Deploy 4512 went out": True, "Nobody was told": False, "the cause": True, "said and marked": True,
    }  # fmt: skip
    marks = await about(here, "keyed", "unkeyed", "reaction")
    assert sorted(marks[:2]) == [("keyed", here.tom.id, ""), ("reaction", here.tom.id, ":eyes:")]
    assert sorted(marks[2:]) == sorted(
        [
            ("keyed", here.tom.id, ""), ("keyed", here.tom.id, ""), ("keyed", here.maya.id, ""),
            ("reaction", here.maya.id, ":+1:"), ("unkeyed", here.tom.id, ""),
            ("reaction", here.tom.id, ":eyes: taken back"),
        ]
    )  # fmt: skip
    await again(here)
    assert await about(here, "keyed", "unkeyed", "reaction") == marks
    await here.tom.react(other, "pushpin")
    await rest(here)
    assert (await about(here, "keyed", "unkeyed", "reaction"))[len(marks) :] == [("keyed", here.tom.id, "")]


async def test_a_pushpin_that_was_fetched_and_is_then_delivered_late_is_one_entry(here: World) -> None:
    await declared(here)
    message = await here.maya.say(INSIDE, "Deploy 4512 went out")
    await rest(here)
    await here.tocsin.stop()
    here.ws.delivery.faults.hold = True
    await here.maya.react(message, "pushpin")
    await here.maya.react(message, "eyes")
    await here.maya.pin(message)
    await here.maya.delete(await here.maya.say(INSIDE, "never mind"))
    here.tocsin = await start(here.ws, here.settings)
    await rest(here)
    assert sorted(await about(here, "keyed", "reaction", "pin")) == [
        ("keyed", here.maya.id, ""),
        ("pin", here.maya.id, "pinned a message"),
        ("reaction", here.maya.id, ":eyes:"),
    ]
    await here.maya.unreact(message, "pushpin")
    await here.maya.react(message, "pushpin")
    await rest(here)
    assert [kind for kind, *_ in await about(here, "keyed", "unkeyed")] == ["keyed", "unkeyed", "keyed"]


async def test_a_message_keyed_by_the_shortcut_stays_so(here: World) -> None:
    await declared(here)
    message = await here.maya.say(INSIDE, "Deploy 4512 went out")
    await here.maya.message_shortcut("add_to_timeline", message)
    await rest(here)
    async with Away(here):
        pass
    assert await about(here, "keyed", "unkeyed") == [("keyed", here.maya.id, "")]


async def test_pins_of_meanwhile_are_fetched_with_who_pinned_and_the_bots_own_are_not(here: World) -> None:
    await declared(here)
    await here.tom.join(INSIDE)
    message = await here.maya.say(INSIDE, "important")
    other = await here.maya.say(INSIDE, "less so")
    await here.maya.pin(other)
    async with Away(here):
        await here.tom.pin(message)
        await here.tom.unpin(other)
    expected = [
        ("pin", here.maya.id, "pinned a message"),
        ("pin", here.tom.id, "pinned a message"),
        ("pin", "unknown", "unpinned a message"),
    ]
    assert sorted(await about(here, "pin")) == sorted(expected)
    await again(here)
    assert len(await about(here, "pin")) == 3


async def test_with_key_entries_only_a_pushpin_of_meanwhile_brings_its_message(sqlite_url: str, tmp_path: Path) -> None:
    policy = tmp_path / "policy.yml"
    policy.write_text("preset: sev1-5\nannounce: '#incidents'\ntimeline: {record: key}\n")
    async with world(sqlite_url, policy=policy) as here:
        await declared(here)
        message = await here.maya.say(INSIDE, "Deploy 4512 went out")
        await here.maya.say(INSIDE, "chatter")
        async with Away(here):
            await here.maya.react(message, "pushpin")
            await here.maya.react(message, "eyes")
            await here.maya.pin(message)
        assert await messages(here) == ["Deploy 4512 went out"]
        assert await about(here, "keyed", "reaction", "pin") == [("keyed", here.maya.id, "")]


async def test_a_card_that_was_deleted_meanwhile_is_put_back(here: World) -> None:
    channel = await declared(here)
    async with Away(here):
        here.ws.posting.delete(here.card(channel))
    await here.ws.until(lambda: here.ws.pinned(channel.id))
    assert "Checkout is down" in str(here.card(channel).blocks)


async def test_people_whom_slack_does_not_name_are_not_said_to_have_taken_a_reaction_back(here: World) -> None:
    channel = await declared(here)
    await here.tom.join(INSIDE)
    message = await here.maya.say(INSIDE, "Deploy 4512 went out")
    await here.maya.react(message, "pushpin")
    await here.tom.react(message, "pushpin")
    messages_api = here.ws.slack_messages
    complete = messages_api.message

    def shortened(*args: Any, **more: Any) -> dict[str, Any]:
        shape = complete(*args, **more)
        return shape | {
            "reactions": [reaction | {"users": reaction["users"][:1]} for reaction in shape.get("reactions", [])]
        }

    async with Away(here):
        messages_api.message = shortened  # type: ignore[method-assign]
    assert of_kind(await here.show(), "unkeyed") == []
    assert channel.id


async def test_so_many_quiet_threads_are_read_again_and_the_latest_first(
    here: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.slack.inbound.backfill.UNCHANGED_THREADS", 2)
    await declared(here)
    replies = []
    for number in range(3):
        parent = await here.maya.say(INSIDE, f"thread {number}")
        replies.append(await here.maya.reply(parent, f"reply {number}"))
    async with Away(here):
        pass
    before = len(here.ws.calls("conversations.replies"))
    async with Away(here):
        for reply in replies:
            await here.maya.edit(reply, f"{reply.text}, edited")
    assert sorted(texts(of_kind(await here.show(), "message_edited"))) == ["reply 1, edited", "reply 2, edited"]
    read = [call.args["ts"] for call in here.ws.calls("conversations.replies")[before:]]
    assert read == sorted(read, reverse=True)
    assert len(read) == 2


async def test_several_incidents_are_each_fetched(here: World) -> None:
    await declared(here)
    await here.tom.command("#general", "/incident declare sev4 Typo on the page")
    second = await here.opened(2)
    async with Away(here):
        await here.maya.say(INSIDE, "about the first")
        await here.tom.say(second.name, "about the second")
    assert await messages(here) == ["about the first"]
    assert texts(of_kind(await here.show(2), "message")) == ["about the second"]


@pytest.mark.parametrize("error", ["internal_error", "ratelimited"])
async def test_a_history_that_cannot_be_read_at_once_is_read_later(here: World, error: str) -> None:
    await declared(here)
    here.ws.faults.add("conversations.history", error=error, retry_after=0.1)
    async with Away(here):
        await here.maya.say(INSIDE, "while away")
    await here.ws.until(lambda: len(here.ws.calls("conversations.history")) >= 3)
    await rest(here)
    assert await messages(here) == ["while away"]


@pytest.mark.timeout(300)
async def test_a_long_history_is_read_within_slacks_limits_and_from_where_it_stopped(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ninety pages and threads at thirty calls a minute: were it begun anew each time, it would never end."""
    monkeypatch.setattr("bot.slack.inbound.backfill.PAGE", 10)
    monkeypatch.setattr("bot.slack.client.rate_limiter.MINUTE_S", 3.0)
    async with world(sqlite_url) as here:
        await declared(here)
        here.ws.faults.clear()
        async with Away(here, comes_to_rest=False):
            for number in range(450):
                await here.maya.say(INSIDE, f"while away {number}")
            for number in range(45):
                parent = await here.maya.say(INSIDE, f"thread {number}")
                await here.maya.reply(parent, f"reply {number}")
            before = len(here.ws.calls())
            here.ws.rates.minute_s = 3.0
            here.ws.rates.on = True
        while len(await messages(here)) < 540:
            await asyncio.sleep(0.2)  # each look reads them all
        calls = [call for call in here.ws.calls()[before:] if call.method in READS]
        assert len(await messages(here)) == 540
        assert sum(call.status == 429 for call in calls) <= 2
        assert len([call for call in calls if call.ok]) < 110, "hardly a page was read twice"


READS = frozenset({"conversations.history", "conversations.replies"})


async def test_a_history_of_more_than_fifty_pages_is_read_to_its_beginning(
    here: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.slack.inbound.backfill.PAGE", 2)
    monkeypatch.setattr("bot.slack.client.rate_limiter.MINUTE_S", 1.0)
    channel = await here.declared()
    await here.delivered()
    await here.tocsin.stop()
    here.ws.delivery.faults.drop = True
    for number in range(120):
        await here.maya.say(channel.id, f"line {number}")
    here.ws.delivery.faults.drop = False
    await here.restarted()
    await here.delivered()
    read = [entry["text"] for entry in (await here.show())["timeline"] if entry["kind"] == "message"]
    assert sorted(read) == sorted(f"line {number}" for number in range(120))


async def test_a_history_that_is_not_read_completely_says_so_on_the_timeline(
    here: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.slack.inbound.backfill.PAGE", 5)
    monkeypatch.setattr("bot.slack.inbound.backfill.PAGES", 2)
    channel = await here.declared()
    await here.delivered()
    await here.tocsin.stop()
    here.ws.delivery.faults.drop = True
    parent = await here.maya.say(channel.id, "the parent")
    for number in range(15):
        await here.maya.say(channel.id, f"line {number}")
        await here.maya.reply(parent, f"reply {number}", broadcast=number == 14)
    here.ws.delivery.faults.drop = False
    await here.restarted()
    await here.delivered()
    gaps = [entry for entry in (await here.show())["timeline"] if entry["kind"] == "history_gap"]
    assert [gap["text"].split(" written")[0] for gap in gaps] == ["Messages"]
    assert gaps[0]["key"]


async def test_a_thread_that_is_not_read_completely_says_so_and_is_read_again(
    here: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.slack.inbound.backfill.PAGE", 5)
    monkeypatch.setattr("bot.slack.inbound.backfill.PAGES", 2)
    channel = await here.declared("sev2 Checkout is down")
    await here.delivered()
    parent = await here.maya.say(channel.id, "the parent")
    await here.ws.settled()
    await here.tocsin.stop()
    here.ws.delivery.faults.drop = True
    for number in range(15):
        await here.maya.reply(parent, f"reply {number}")
    here.ws.delivery.faults.drop = False
    await here.restarted()
    await here.delivered()
    timeline = (await here.show())["timeline"]
    assert [gap["text"].split(" written")[0] for gap in timeline if gap["kind"] == "history_gap"] == ["Replies"]
    monkeypatch.setattr("bot.slack.inbound.backfill.PAGES", 250)
    await here.restarted()
    await here.delivered()
    read = [entry["text"] for entry in (await here.show())["timeline"] if entry["kind"] == "message"]
    assert {f"reply {number}" for number in range(15)} <= set(read)
