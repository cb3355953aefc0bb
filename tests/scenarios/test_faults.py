"""Slack misbehaves: nothing is lost, nothing is doubled, and what cannot be done is said in plain words."""

from __future__ import annotations

import pytest

from bot.usecases.incidents.post_update import post_update
from tests.scenarios.assertions import direct, doubled
from tests.scenarios.running import World, world


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
    here: World, method: str, fault: dict[str, object]
) -> None:
    here.ws.faults.add(method, count=1, **fault)
    channel = await here.declared("sev2 Checkout is down")
    await here.maya.command("#general", "/incident ack --in INC-1")
    await here.delivered()
    assert [c for c in here.ws.channel_names() if c.startswith("inc-")] == ["inc-1-checkout-is-down"]
    assert len(here.ws.pinned(channel.id)) == 1
    assert doubled(here.ws) == []
    assert here.maya.id in here.ws.channel(channel.id).members


async def test_a_time_out_after_the_effect_is_looked_for_before_it_is_repeated(
    here: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = here.tocsin.session
    monkeypatch.setattr(session, "_timeout", session.timeout.__class__(total=0.5))
    here.ws.faults.add("chat.postMessage", hang=True, after=True, count=1)
    channel = await here.declared("sev2 Checkout is down")
    await here.delivered()
    assert doubled(here.ws) == []
    assert len(here.ws.pinned(channel.id)) == 1


async def test_while_slack_is_down_everything_waits_and_then_goes_out_once(here: World) -> None:
    channel = await here.declared("sev2 Checkout is down")
    await here.delivered()
    before = len(here.ws.bot_messages(channel.id))
    await here.ws.go_down()
    refused = len(here.ws.calls())
    await post_update(here.tocsin.context, 1, "still looking", here.maya.id)
    await here.ws.until(lambda: len(here.ws.calls()) > refused)
    await here.ws.come_back()
    await here.delivered()
    updates = [m for m in here.ws.bot_messages(channel.id) if "update #1" in m.text]
    assert len(updates) == 1
    assert len(here.ws.bot_messages(channel.id)) == before + 1


async def test_an_incident_whose_channel_cannot_be_opened_still_runs(here: World) -> None:
    here.ws.faults.add("conversations.create", error="restricted_action", count=20)
    reply = await here.maya.command("#general", "/incident declare sev2 Checkout is down")
    assert reply.ok
    await here.delivered()
    said = " ".join(str(m.blocks) + m.text for m in direct(here, here.maya.id))
    assert "Checkout is down" in said
    assert "does not let apps do that" in said
    ack = await here.maya.command("#general", "/incident ack --in INC-1")
    assert ack.ok
    assert (await here.show())["status"] == "acknowledged"
    assert "delivery_failed" in await here.kinds()


async def test_a_retry_that_says_a_fraction_of_a_second_is_honoured(here: World) -> None:
    here.ws.faults.add("chat.postMessage", status=429, retry_after=0.3, count=2)
    channel = await here.declared("sev2 Checkout is down")
    await here.delivered()
    assert len(here.ws.pinned(channel.id)) == 1
    assert doubled(here.ws) == []


async def test_slacks_rate_limits_are_kept_without_losing_anything(sqlite_url: str) -> None:
    async with world(sqlite_url) as here:
        here.ws.rates.on = True
        channel = await here.declared("sev2 Checkout is down")
        await here.maya.command(channel.id, "/incident ack")
        await here.delivered()
        assert doubled(here.ws) == []
        assert len(here.ws.pinned(channel.id)) == 1


@pytest.mark.parametrize("copies", [3])
async def test_an_event_delivered_three_times_is_recorded_once(here: World, copies: int) -> None:
    channel = await here.declared("sev2 Checkout is down")
    here.ws.delivery.faults.copies = copies
    here.ws.delivery.faults.reorder = 3
    said = [f"line {number}" for number in range(12)]
    for text in said:
        await here.maya.say(channel.id, text)
    await here.ws.settled()
    recorded = [e["text"] for e in (await here.show())["timeline"] if e["kind"] == "message"]
    assert sorted(recorded) == sorted(said)


async def test_after_a_429_slack_is_never_called_again_earlier_than_it_said(here: World) -> None:
    here.ws.faults.add("conversations.invite", status=429, retry_after=1)
    await here.declared("sev2 Checkout is down")
    await here.delivered()
    calls = [call for call in here.ws.calls() if call.method == "conversations.invite"]
    refused = next(call for call in calls if call.status == 429)
    later = [call for call in calls if call.at > refused.at]
    assert later
    assert later[0].at - refused.at >= 1.0
