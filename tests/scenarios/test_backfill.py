"""What was said while the bot was away is on the timeline once it is back."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from storage import timeline
from tests.scenarios.looking import declared, of_kind, rest, texts
from tests.scenarios.running import World, start, world

INSIDE = "inc-1-checkout-is-down"


class Away:
    """The bot is stopped and Slack's events are lost, as after an hour's absence."""

    def __init__(self, here: World) -> None:
        self.here = here

    async def __aenter__(self) -> None:
        await rest(self.here)
        await self.here.tocsin.stop()
        self.here.ws.delivery.faults.drop = True

    async def __aexit__(self, *_: Any) -> None:
        self.here.ws.delivery.faults.clear()
        self.here.tocsin = await start(self.here.ws, self.here.settings)
        await rest(self.here)


async def messages(here: World) -> list[str]:
    return texts(of_kind(await here.show(), "message"))


async def test_messages_files_and_replies_said_meanwhile_are_fetched_once(here: World) -> None:
    await declared(here)
    old = await here.maya.say(INSIDE, "before")
    threaded = await here.maya.say(INSIDE, "an old thread")
    await here.maya.reply(threaded, "its first reply")
    async with Away(here):
        said = await here.maya.say(INSIDE, "while away", files=["graph.png"])
        await here.maya.reply(said, "in a new thread")
        await here.maya.reply(old, "in a thread that was none")
        await here.maya.reply(threaded, "in an old thread")
        await here.maya.reply(threaded, "to everybody", broadcast=True)
    wanted = [
        "before", "an old thread", "its first reply", "while away", "in a new thread", "in a thread that was none",
        "in an old thread", "to everybody",
    ]  # fmt: skip
    assert sorted(await messages(here)) == sorted(wanted)
    assert texts(of_kind(await here.show(), "file")) == ["graph.png"]
    fetched = {e["text"] for e in of_kind(await here.show(), "message") if e["data"].get("fetched")}
    assert fetched == set(wanted[3:])
    for _ in range(2):
        await here.restarted()
        await rest(here)
    assert sorted(await messages(here)) == sorted(wanted)


async def test_an_edit_made_meanwhile_is_fetched_and_the_first_text_stays(here: World) -> None:
    await declared(here)
    said = await here.maya.say(INSIDE, "first")
    async with Away(here):
        await here.maya.edit(said, "second")
        other = await here.maya.say(INSIDE, "typo")
        await here.maya.edit(other, "no typo")
    entries = [(e["kind"], e["text"]) for e in of_kind(await here.show(), "message", "message_edited")]
    assert ("message", "first") in entries
    assert ("message_edited", "second") in entries
    assert ("message_edited", "no typo") in entries
    await here.maya.edit(said, "third")
    await rest(here)
    entries = [(e["kind"], e["text"]) for e in of_kind(await here.show(), "message", "message_edited")]
    assert entries.count(("message", "first")) == 1
    assert entries.count(("message_edited", "second")) == 1
    assert entries[-1] == ("message_edited", "third")


async def test_an_edit_seen_live_is_not_fetched_again(here: World) -> None:
    await declared(here)
    said = await here.maya.say(INSIDE, "first")
    await here.maya.edit(said, "second")
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
    said = await here.maya.say(INSIDE, "twice told")
    await here.maya.reply(said, "reply, twice told")
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
        assert await timeline.verify(conn, 1) == []


async def test_what_was_fetched_stands_in_the_order_it_was_said(here: World) -> None:
    await declared(here)
    async with Away(here):
        first = await here.maya.say(INSIDE, "one")
        await here.maya.say(INSIDE, "two")
        await here.maya.reply(first, "one and a half")
        await here.maya.say(INSIDE, "three")
    assert await messages(here) == ["one", "one and a half", "two", "three"]  # a thread beside what it hangs on


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


async def test_a_long_history_is_read_within_slacks_limits_and_from_where_it_stopped(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ninety pages and threads at thirty calls a minute: were it begun anew each time, it would never end."""
    monkeypatch.setattr("bot.slack.backfill._PAGE", 10)
    monkeypatch.setattr("bot.slack.rates.MINUTE_S", 3.0)
    async with world(sqlite_url) as here:
        await declared(here)
        here.ws.faults.clear()
        async with Away(here):
            for number in range(450):
                await here.maya.say(INSIDE, f"while away {number}")
            for number in range(45):
                parent = await here.maya.say(INSIDE, f"thread {number}")
                await here.maya.reply(parent, f"reply {number}")
            before = len(here.ws.calls())
            here.ws.rates.minute_s = 3.0
            here.ws.rates.on = True
        for _ in range(600):
            if len(await messages(here)) == 540:
                break
            await asyncio.sleep(0.1)
        calls = [call for call in here.ws.calls()[before:] if call.method in READS]
        assert len(await messages(here)) == 540
        assert sum(call.status == 429 for call in calls) <= 2
        assert len([call for call in calls if call.ok]) < 110, "hardly a page was read twice"


READS = frozenset({"conversations.history", "conversations.replies"})
