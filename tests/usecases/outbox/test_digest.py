"""After a Slack outage, the notices that waited for a channel become one digest: none is lost or told twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from bot.domain.routing.notice import Priority
from bot.domain.values.outage_span import OutageSpan
from bot.usecases import outage as outages
from bot.usecases.context import Context
from bot.usecases.incidents import declare, note, post_update, resolve
from bot.usecases.outage import Outage
from bot.usecases.outbox.digest import gather
from storage.outbox import queue
from storage.outbox.queue import ClaimedNotice
from storage.schema import outbox
from tests.usecases.conftest import MakeContext, MovableClock

SEVERITIES = ("sev1", "sev2", "sev3", "sev4", "sev5")


@pytest.fixture
def clock() -> MovableClock:
    clock = MovableClock()
    clock.instant = datetime.now(UTC)
    return clock


async def begin(context: Context) -> None:
    async with context.database.transaction() as conn:
        context.outage = await outages.start(conn, Outage(context.clock.now(), "cli", "a test"))


async def end(context: Context, clock: MovableClock) -> OutageSpan:
    clock.instant = datetime.now(UTC)
    async with context.database.transaction() as conn:
        await outages.stop(conn, context.clock.now(), SEVERITIES)
        context.outage, context.past_outages = None, await outages.past_outages(conn)
    return context.past_outages[0]


async def incident_with_updates(context: Context, severity: str = "sev3", updates: int = 3) -> int:
    """An incident with its channel, and updates that were written since."""
    incident = await declare.declare(context, declare.Declaration("Checkout is down", severity, "U1"), f"d{severity}")
    for number in range(updates):
        await post_update.post_update(context, incident.number, f"Finding {number}", "U1")
    return incident.number


async def rows(context: Context, *kinds: str) -> list[sa.Row[tuple[object, ...]]]:
    async with context.database.reading() as conn:
        found = sa.select(outbox).where(outbox.c.kind.in_(kinds)).order_by(outbox.c.id)
        return list(await conn.execute(found))


async def claim(context: Context, kind: str) -> list[ClaimedNotice]:
    async with context.database.transaction() as conn:
        return await queue.claim(conn, 100, only_kinds=[kind])


async def channel_made(context: Context) -> None:
    async with context.database.transaction() as conn:
        for row in await queue.claim(conn, 100, only_kinds=["channel"]):
            await queue.mark_sent(conn, row, {"channel": "C1"})


async def test_gathering_twice_makes_one_digest_of_all_that_waited(
    make_context: MakeContext, clock: MovableClock
) -> None:
    context = make_context("preset: sev1-5\nannounce: '#incidents'")
    await begin(context)
    number = await incident_with_updates(context)
    span = await end(context, clock)
    assert [row.state for row in await rows(context, "gather")] == ["queued"]
    assert await gather(context, number, span)
    assert await gather(context, number, span)
    assert {row.state for row in await rows(context, "update", "news")} == {"dropped"}
    (digest,) = await rows(context, "digest")
    updates = {row.payload["seq"] for row in await rows(context, "update")}
    assert updates <= set(digest.payload["seqs"])
    assert digest.state == "held"  # for the channel
    assert {row.state for row in await rows(context, "thread")} == {"held"}  # few enough to stand by themselves


async def test_a_digest_waits_for_a_message_that_is_being_sent(make_context: MakeContext, clock: MovableClock) -> None:
    context = make_context("preset: sev1-5")
    await begin(context)
    number = await incident_with_updates(context)
    await channel_made(context)
    sending = await claim(context, "update")
    span = await end(context, clock)
    assert not await gather(context, number, span)
    async with context.database.transaction() as conn:
        assert await queue.mark_sent(conn, sending[0], {"channel": "C1", "ts": "1.1"})
        for row in sending[1:]:
            await queue.requeue(conn, row, timedelta(0), "it waits")
    assert await gather(context, number, span)
    (digest,) = await rows(context, "digest")
    assert sending[0].payload["seq"] not in digest.payload["seqs"]
    assert {row.payload["seq"] for row in sending[1:]} <= set(digest.payload["seqs"])


async def test_what_may_have_arrived_is_looked_for_before_it_is_gathered(
    make_context: MakeContext, clock: MovableClock
) -> None:
    context = make_context("preset: sev1-5")
    await begin(context)
    number = await incident_with_updates(context)
    await channel_made(context)
    first, *others = await claim(context, "update")
    async with context.database.transaction() as conn:
        await queue.retry_later(conn, first, timedelta(0), "no answer", uncertain=True)
        for row in others:
            await queue.requeue(conn, row, timedelta(0), "it waits")
    span = await end(context, clock)
    assert not await gather(context, number, span)

    (again,) = [row for row in await claim(context, "update") if row.id == first.id]
    async with context.database.transaction() as conn:
        await queue.mark_dropped(conn, again, "told in the digest of what happened while Slack was down")
        await conn.execute(sa.update(outbox).where(outbox.c.state == "leased").values(state="queued"))
    assert await gather(context, number, span)
    (digest,) = await rows(context, "digest")
    assert {row.payload["seq"] for row in await rows(context, "update")} <= set(digest.payload["seqs"])


async def test_the_worst_incident_is_drained_first(make_context: MakeContext, clock: MovableClock) -> None:
    context = make_context("preset: sev1-5")
    await begin(context)
    for severity in ("sev4", "sev1", "sev2"):
        await incident_with_updates(context, severity, updates=0)
    await end(context, clock)
    channels = await claim(context, "channel")
    assert [row.incident for row in channels] == [2, 3, 1]
    priorities = [row.priority for row in channels]  # Slack's limits are shared out by these
    assert priorities == sorted(set(priorities))
    assert all(Priority.CHANNEL <= priority < Priority.CARD for priority in priorities)


async def test_many_replies_under_the_announcement_become_one(make_context: MakeContext, clock: MovableClock) -> None:
    context = make_context("preset: sev1-5\nannounce: '#incidents'")
    await begin(context)
    number = await incident_with_updates(context, updates=9)
    span = await end(context, clock)
    await gather(context, number, span)
    assert {row.state for row in await rows(context, "thread")} == {"dropped"}
    places = [row.payload["place"] for row in await rows(context, "digest")]
    assert sorted(places) == ["announcement", "channel"]


async def test_a_note_on_an_incident_that_had_ended_is_told_as_well(
    make_context: MakeContext, clock: MovableClock
) -> None:
    context = make_context("preset: sev1-5")
    number = await incident_with_updates(context, updates=0)
    await resolve.resolve(context, number, "U1", summary="Rolled back")
    await channel_made(context)
    clock.instant = datetime.now(UTC) + timedelta(hours=1)
    await begin(context)
    await note.note(context, number, "The vendor confirms it", "U1")
    clock.instant += timedelta(hours=1)
    async with context.database.transaction() as conn:
        await outages.stop(conn, context.clock.now(), SEVERITIES)
        span = (await outages.past_outages(conn))[0]
    assert [row.incident for row in await rows(context, "gather")] == [number]
    assert await gather(context, number, span)
    assert len(await rows(context, "digest")) == 1


async def test_a_digest_repeats_nothing_of_the_one_before(make_context: MakeContext, clock: MovableClock) -> None:
    """Slack comes back for a moment, and the second outage is thought to have begun within the first."""
    context = make_context("preset: sev1-5")
    await begin(context)
    number = await incident_with_updates(context)
    await channel_made(context)
    first = await end(context, clock)
    assert await gather(context, number, first)
    async with context.database.transaction() as conn:
        await conn.execute(sa.update(outbox).where(outbox.c.kind == "digest").values(state="sent"))
    later = datetime.now(UTC)
    again = OutageSpan(first.since, later, first.since_wall, later)
    async with context.database.transaction() as conn:
        await conn.execute(sa.update(outbox).where(outbox.c.kind == "news").values(state="dropped", error="other"))
    assert await gather(context, number, again)
    assert len(await rows(context, "digest")) == 1


async def test_an_outage_that_nobody_noticed_in_time_is_over_without_a_digest(
    make_context: MakeContext, clock: MovableClock
) -> None:
    context = make_context("preset: sev1-5")
    await begin(context)
    await end(context, clock)
    assert await rows(context, "gather", "digest") == []
    async with context.database.transaction() as conn:
        assert await outages.stop(conn, context.clock.now(), SEVERITIES) is None
