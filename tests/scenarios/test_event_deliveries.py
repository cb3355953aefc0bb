"""Events reach the timeline once, in any order and number of deliveries, after their commit."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from sandbox import Channel
from storage.engine.errors import StorageError
from storage.timeline import chain
from storage.timeline.verify import chain_faults
from tests.scenarios.assertions import declare, settle, texts
from tests.scenarios.running import World
from tests.scenarios.test_timeline import channel_entries

INSIDE = "inc-1-checkout-is-down"


async def busy(world: World, channel: Channel) -> Counter[tuple[str, str]]:
    """A busy minute in the channel, and the entries that it must make."""
    tom, maya = world.tom, world.maya
    await tom.join(INSIDE)
    first = await maya.say(INSIDE, "first")
    await maya.edit(first, "first, edited")
    await maya.edit(first, "first, edited again")
    second = await tom.say(INSIDE, "second", files=["graph.png"])
    reply = await tom.reply(first, "reply")
    await maya.reply(first, "broadcast", broadcast=True)
    await tom.react(second, "pushpin")
    await maya.react(second, "eyes")
    await maya.pin(second)
    gone = await tom.say(INSIDE, "gone")
    await tom.delete(gone)
    await maya.react(reply, "pushpin")
    await maya.unreact(reply, "pushpin")
    await maya.set_topic(INSIDE, "war room")
    for act in (tom.leave, tom.join):
        world.ws.clock.advance(30)
        await act(INSIDE)
    await maya.invite(INSIDE, "lena")
    return Counter(
        [
            ("joined", world.maya.id), ("joined", tom.id), ("left", tom.id), ("joined", tom.id),
            ("joined", world.lena.id), ("message", "first"),
            ("message_edited", "first, edited"), ("message_edited", "first, edited again"),
            ("message", "second"), ("file", "graph.png"), ("message", "reply"), ("message", "broadcast"),
            ("keyed", second.ts), ("reaction", ":eyes:"), ("pin", "pinned a message"), ("message", "gone"),
            ("message_deleted", ""), ("keyed", reply.ts), ("unkeyed", reply.ts), ("topic", "war room"),
        ]
    )  # fmt: skip


def count_entries(shown: dict[str, Any]) -> Counter[tuple[str, str]]:
    by_actor, by_ts = ("joined", "left"), ("keyed", "unkeyed")
    of_house = ("declared", "escalated", "page", "reminder")
    return Counter(
        (e["kind"], e["actor"] if e["kind"] in by_actor else e["source_ts"] if e["kind"] in by_ts else e["text"])
        for e in shown["timeline"]
        if e["kind"] not in of_house
    )


@pytest.mark.parametrize(
    "faults",
    [
        {"copies": 3},
        {"reorder": 4},
        {"reorder": 40},
        {"copies": 3, "reorder": 7},
        {"copies": 2, "delay_s": 0.05, "reorder": 3},
        {"lose_acks": 12},
    ],
    ids=str,
)
async def test_every_event_is_recorded_once_in_any_order_and_number_of_deliveries(
    world: World, faults: dict[str, Any]
) -> None:
    channel = await declare(world)
    for name, value in faults.items():
        setattr(world.ws.delivery.faults, name, value)
    expected = await busy(world, channel)
    world.ws.delivery.flush()
    await world.ws.until(lambda: all(d.state != "waiting" for d in world.ws.journal.deliveries))
    await settle(world)
    shown = await world.show()
    got = count_entries(shown)
    assert got == expected, (got - expected, expected - got)
    stands = {e["text"]: e["key"] for e in shown["timeline"] if e["kind"] == "message"}
    assert stands == {"first": False, "second": True, "reply": False, "broadcast": False, "gone": False}
    async with world.tocsin.database.reading() as conn:
        assert await chain_faults(conn, 1) == []


async def test_an_event_that_slack_delivers_late_is_recorded(world: World) -> None:
    channel = await declare(world)
    world.ws.delivery.faults.hold = True
    expected = await busy(world, channel)
    world.ws.delivery.release()
    await settle(world)
    assert count_entries(await world.show()) == expected


async def test_nothing_is_acknowledged_before_it_is_committed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await declare(world)
    real, refusals = chain.append, 2

    async def refuses(*args: Any, **more: Any) -> Any:
        nonlocal refusals
        if refusals:
            refusals -= 1
            raise StorageError("the disk is full")
        return await real(*args, **more)

    monkeypatch.setattr(chain, "append", refuses)
    message = await world.maya.say(INSIDE, "must not be lost")
    await world.ws.until(lambda: world.ws.journal.deliveries[-1].ok)
    delivery = world.ws.journal.deliveries[-1]
    assert delivery.payload["event"]["ts"] == message.ts
    assert [attempt["status"] for attempt in delivery.attempts] == [500, 500, 200]
    assert texts(await channel_entries(world, "message")) == ["must not be lost"]
