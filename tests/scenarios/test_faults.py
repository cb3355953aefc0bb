"""Slack misbehaves: nothing is lost or doubled, and failures are reported in plain words."""

from __future__ import annotations

import pytest

from bot.usecases.incidents.post_update import post_update
from tests.scenarios.assertions import direct_messages, doubled_keys
from tests.scenarios.running import World, running_world


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 429, "retry_after": 1},
        {"status": 500},
        {"status": 503},
        {"error": "internal_error"},
        {"error": "fatal_error", "after": True},
        {"status": 500, "after": True},
        {"reset": True, "after": True},
        {"reset": True},
    ],
    ids=str,
)
@pytest.mark.parametrize(
    "method", ["conversations.create", "chat.postMessage", "pins.add", "conversations.invite", "chat.update"]
)
async def test_a_call_that_fails_or_seems_to_takes_effect_exactly_once(
    world: World, method: str, fault: dict[str, object]
) -> None:
    world.ws.faults.add(method, count=1, **fault)
    channel = await world.declare("sev2 Checkout is down")
    await world.maya.command("#general", "/incident ack --in INC-1")
    await world.delivered()
    assert [c for c in world.ws.channel_names() if c.startswith("inc-")] == ["inc-1-checkout-is-down"]
    assert len(world.ws.pinned(channel.id)) == 1
    assert doubled_keys(world.ws) == []
    assert world.maya.id in world.ws.channel(channel.id).members


async def test_a_time_out_after_the_effect_is_looked_for_before_it_is_repeated(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = world.tocsin.session
    monkeypatch.setattr(session, "_timeout", session.timeout.__class__(total=0.5))
    world.ws.faults.add("chat.postMessage", hang=True, after=True, count=1)
    channel = await world.declare("sev2 Checkout is down")
    await world.delivered()
    assert doubled_keys(world.ws) == []
    assert len(world.ws.pinned(channel.id)) == 1


async def test_while_slack_is_down_everything_waits_and_then_goes_out_once(world: World) -> None:
    channel = await world.declare("sev2 Checkout is down")
    await world.delivered()
    before = len(world.ws.bot_messages(channel.id))
    await world.ws.go_down()
    refused = len(world.ws.calls())
    await post_update(world.tocsin.context, 1, "still looking", world.maya.id)
    await world.ws.until(lambda: len(world.ws.calls()) > refused)
    await world.ws.come_back()
    await world.delivered()
    updates = [m for m in world.ws.bot_messages(channel.id) if "update #1" in m.text]
    assert len(updates) == 1
    assert len(world.ws.bot_messages(channel.id)) == before + 1


async def test_an_incident_whose_channel_cannot_be_opened_still_runs(world: World) -> None:
    world.ws.faults.add("conversations.create", error="restricted_action", count=20)
    reply = await world.maya.command("#general", "/incident declare sev2 Checkout is down")
    assert reply.ok
    await world.delivered()
    said = " ".join(str(m.blocks) + m.text for m in direct_messages(world, world.maya.id))
    assert "Checkout is down" in said
    assert "does not let apps do that" in said
    ack = await world.maya.command("#general", "/incident ack --in INC-1")
    assert ack.ok
    assert (await world.show())["status"] == "acknowledged"
    assert "delivery_failed" in await world.kinds()


async def test_a_retry_that_says_a_fraction_of_a_second_is_honoured(world: World) -> None:
    world.ws.faults.add("chat.postMessage", status=429, retry_after=0.3, count=2)
    channel = await world.declare("sev2 Checkout is down")
    await world.delivered()
    assert len(world.ws.pinned(channel.id)) == 1
    assert doubled_keys(world.ws) == []


async def test_slacks_rate_limits_are_kept_without_losing_anything(sqlite_url: str) -> None:
    async with running_world(sqlite_url) as world:
        world.ws.rates.on = True
        channel = await world.declare("sev2 Checkout is down")
        await world.maya.command(channel.id, "/incident ack")
        await world.delivered()
        assert doubled_keys(world.ws) == []
        assert len(world.ws.pinned(channel.id)) == 1


@pytest.mark.parametrize("copies", [3])
async def test_an_event_delivered_three_times_is_recorded_once(world: World, copies: int) -> None:
    channel = await world.declare("sev2 Checkout is down")
    world.ws.delivery.faults.copies = copies
    world.ws.delivery.faults.reorder = 3
    said = [f"line {number}" for number in range(12)]
    for text in said:
        await world.maya.say(channel.id, text)
    await world.ws.settled()
    recorded = [e["text"] for e in (await world.show())["timeline"] if e["kind"] == "message"]
    assert sorted(recorded) == sorted(said)


async def test_after_a_429_slack_is_never_called_again_earlier_than_it_said(world: World) -> None:
    world.ws.faults.add("conversations.invite", status=429, retry_after=1)
    await world.declare("sev2 Checkout is down")
    await world.delivered()
    calls = [call for call in world.ws.calls() if call.method == "conversations.invite"]
    refused = next(call for call in calls if call.status == 429)
    later = [call for call in calls if call.at > refused.at]
    assert later
    assert later[0].at - refused.at >= 1.0
