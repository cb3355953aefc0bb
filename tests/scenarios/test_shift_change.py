"""A on-call shift ends while somebody has a role: they are offered to hand it over, once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sandbox import Message
from tests.databases import PostgreSQL
from tests.scenarios.assertions import buttons, direct_messages, ephemeral_texts, of_kind, settle, type_command, words
from tests.scenarios.running import World, policy_file, running_world, start

TOM, PRIYA = "U0TOM00000", "U0PRIYA000"
POLICY = """
preset: sev1-5
announce: "#incidents"
contacts: {{tom: {{name: Tom, slack: U0TOM00000}}, priya: {{name: Priya, slack: priya@example.com}}}}
schedules:
  primary: {{timezone: UTC, rotation: daily, handoff: "{handoff}", start: {start}, members: [tom, priya]}}
severities:
  sev2: {{respond_within: null, update_every: null, escalate_after: null, roles: [], notify_executives: false,
    ladder: [{{after: 0m, notify: ["schedule:primary"]}}]}}
"""


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    """Tom's shift began an hour ago, and is over in twenty-three."""
    began = datetime.now(UTC) - timedelta(hours=1)
    return policy_file(tmp_path, POLICY.format(handoff=f"{began:%H:%M}", start=began.date().isoformat()))


@pytest.fixture
async def world(database_url: str, policy: Path) -> AsyncIterator[World]:
    async with running_world(database_url, policy=policy) as running:
        yield running


def offers(world: World, person: str = TOM) -> list[Message]:
    return direct_messages(world, person, "on-call shift")


def briefs(world: World, person: str) -> list[Message]:
    return direct_messages(world, person, "take over")


async def led(world: World, user: str = "@tom") -> str:
    channel = await world.declare("sev2 Checkout is down")
    await type_command(world, "maya", channel.name, f"/incident lead {user}")
    await settle(world)
    return channel.id


async def ledger(world: World, words: str) -> list[tuple[str, str]]:
    rows = (await world.show())["reminders"]
    return [(row["state"], row["reason"]) for row in rows if row["kind"] == "role" and words in row["reason"]]


async def test_a_person_whose_shift_ends_is_offered_to_hand_over_once_even_after_a_restart(world: World) -> None:
    channel = await led(world)
    assert await ledger(world, "shift on primary ends") == [
        ("waiting", f"<@{TOM}>'s shift on primary ends: they are offered to hand over commander")
    ]
    await world.pass_time(hours=22, minutes=50)
    assert offers(world) == []
    await world.pass_time(minutes=15)
    (offer,) = offers(world)
    assert buttons(offer) == ["Hand over to priya", "I stay on"]
    assert "is on call now" in words(world, offer)
    ((state, reason),) = await ledger(world, "shift on primary is over")
    assert state == "sent"
    assert "Priya" in reason
    await world.restart()
    await world.pass_time(hours=30)
    assert len(offers(world)) == 1
    await world.tom.press(offers(world)[0], "Hand over to priya")
    await settle(world)
    (brief,) = briefs(world, PRIYA)
    assert (await world.show())["roles"] == {"commander": TOM}
    (settled,) = offers(world) or [m for m in direct_messages(world, TOM) if "your on-call shift is over" in m.text]
    assert buttons(settled) == []
    await world.priya.press(brief, "Accept")
    await settle(world)
    assert (await world.show())["roles"] == {"commander": PRIYA}
    assert world.priya.id in world.ws.channel(channel).members


async def test_staying_on_is_told_in_the_channel_and_not_asked_again(world: World) -> None:
    channel = await led(world)
    await world.pass_time(hours=23, minutes=5)
    (offer,) = offers(world)
    await world.tom.press(offer, "I stay on")
    await settle(world)
    assert any("stays on as Incident commander" in m.text.replace("*", "") for m in world.ws.bot_messages(channel))
    assert [e["data"]["state"] for e in of_kind(await world.show(), "handover")] == ["stays"]
    await world.pass_time(hours=48)
    assert [m for m in offers(world) if buttons(m)] == []


async def test_no_offer_is_made_after_the_role_moved_or_the_incident_ended(world: World) -> None:
    channel = await led(world)
    await type_command(world, "maya", channel, "/incident lead @maya")
    assert (await ledger(world, "or the schedule, changed"))[0][0] == "cancelled"
    await type_command(world, "maya", channel, "/incident lead @tom")
    await type_command(world, "maya", channel, "/incident resolve Rolled back")
    await world.pass_time(hours=24)
    assert offers(world) == []


async def test_without_permission_to_hand_over_a_person_may_stay_on_and_is_told_whom_to_ask(
    database_url: str, policy: Path
) -> None:
    policy.write_text(policy.read_text() + 'permissions: {handover: ["user:U0MAYA0000"]}\n')
    async with running_world(database_url, policy=policy) as world:
        await led(world)
        await world.pass_time(hours=23, minutes=5)
        (offer,) = offers(world)
        await world.tom.press(offer, "Hand over to priya")
        assert "Only @maya may hand roles over. Ask @maya." in (await ephemeral_texts(world, "tom"))[-1]
        assert briefs(world, PRIYA) == []
        assert of_kind(await world.show(), "handover") == []
        await world.tom.press(offers(world)[0], "I stay on")
        await settle(world)
        assert [e["data"]["state"] for e in of_kind(await world.show(), "handover")] == ["stays"]


async def test_an_open_offer_is_settled_when_the_role_moves(world: World) -> None:
    channel = await led(world)
    await world.pass_time(hours=23, minutes=5)
    (offer,) = offers(world)
    await type_command(world, "maya", channel, "/incident lead @maya")
    await settle(world)
    after = next(m for m in direct_messages(world, TOM) if m.ts == offer.ts)
    assert buttons(after) == []
    assert "somebody else" in words(world, after)


async def test_a_cover_by_another_ends_the_shift_and_a_cover_of_ones_own_extends_it(world: World) -> None:
    channel = await led(world)
    await type_command(world, "tom", "#general", "/incident cover primary for 47h")  # his own shift, and the next one
    await world.pass_time(hours=23, minutes=5)
    assert offers(world) == []
    await type_command(world, "maya", "#general", "/incident cover primary for 1h")
    await world.pass_time(seconds=1)
    (offer,) = offers(world)
    assert world.maya.id in str(offer.blocks)
    assert buttons(offer) == ["Hand over to maya", "I stay on"]
    assert channel


async def test_two_replicas_make_one_offer(postgresql: PostgreSQL, policy: Path) -> None:
    url = postgresql.create()
    async with running_world(url, policy=policy) as world:
        other = await start(world.ws, world.settings)
        try:
            await led(world)
            await world.pass_time(hours=23)
            other.context.clock = world.tocsin.context.clock
            other.scheduler._clock = world.tocsin.scheduler._clock
            await world.pass_time(minutes=5)
            await other.scheduler.tick()
            await world.delivered()
            assert len(offers(world)) == 1
        finally:
            await other.stop()
    postgresql.give_back(url)
