"""Reading histories after an absence: many threads, errors, Slack's rate limits, and histories that are too long."""

from __future__ import annotations

import asyncio

import pytest

from tests.scenarios.assertions import declare, of_kind, settle, texts
from tests.scenarios.running import World, running_world
from tests.scenarios.test_backfill import Away, messages

INSIDE = "inc-1-checkout-is-down"


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
