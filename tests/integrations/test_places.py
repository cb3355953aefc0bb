"""Pages outside Slack and everything else have places of their own: neither can hold up the other."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from bot.clock import Clock
from bot.domain.policy.policy import Policy
from bot.domain.routing.notice import Notice, NoticeKind, Priority
from bot.domain.routing.send_result import SendResult, Sent
from bot.usecases.context import Context, Policies
from bot.workers.outbox import AT_ONCE, ELSEWHERE_AT_ONCE, PAGING_AT_ONCE, READING_AT_ONCE, Outbox
from storage.database import Database
from storage.outbox import enqueue
from storage.outbox.queue import ClaimedNotice
from tests.waiting import WITHIN_S


@pytest.mark.parametrize("stuck", [NoticeKind.NEWS, NoticeKind.PAGE_VENDOR, NoticeKind.STATUS_MAIL])
async def test_a_kind_of_notice_that_is_stuck_does_not_block_the_others(database: Database, stuck: NoticeKind) -> None:
    free = NoticeKind.PAGE_VENDOR if stuck is NoticeKind.NEWS else NoticeKind.NEWS
    places = AT_ONCE if stuck is NoticeKind.NEWS else min(PAGING_AT_ONCE, ELSEWHERE_AT_ONCE)
    under_way: Counter[str] = Counter()
    arrived, over = asyncio.Event(), asyncio.Event()

    async def send(row: ClaimedNotice) -> SendResult:
        under_way[row.kind] += 1
        if row.kind == stuck:
            await over.wait()
        else:
            arrived.set()
        return Sent()

    context = _context(database)
    box = Outbox(context, send)
    async with database.transaction() as conn:
        await enqueue.put(conn, [Notice(f"{stuck}:{n}", stuck, priority=Priority.PAGE) for n in range(100)])
    await box.start()
    try:
        async with asyncio.timeout(WITHIN_S):
            while under_way[stuck] < places:
                await asyncio.sleep(0.01)
        async with database.transaction() as conn:
            await enqueue.put(conn, [Notice("late", free, priority=Priority.NEWS)])
        context.wakeups.notify()
        async with asyncio.timeout(WITHIN_S):
            await arrived.wait()
        assert under_way[stuck] <= (AT_ONCE + PAGING_AT_ONCE)
    finally:
        over.set()
        await box.stop(8.0)


async def test_reading_channels_again_after_a_downtime_leaves_the_places_to_messages(database: Database) -> None:
    reading: set[str] = set()
    arrived, over = asyncio.Event(), asyncio.Event()

    async def send(row: ClaimedNotice) -> SendResult:
        if row.kind == NoticeKind.BACKFILL:
            reading.add(row.dedup_key)
            await over.wait()
        else:
            arrived.set()
        return Sent()

    context = _context(database)
    box = Outbox(context, send)
    async with database.transaction() as conn:
        backfills = [Notice(f"backfill:{n}", NoticeKind.BACKFILL, priority=Priority.FETCH) for n in range(3 * AT_ONCE)]
        await enqueue.put(conn, backfills)
    await box.start()
    try:
        async with asyncio.timeout(WITHIN_S):
            while len(reading) < READING_AT_ONCE:
                await asyncio.sleep(0.01)
        async with database.transaction() as conn:
            await enqueue.put(conn, [Notice("late", NoticeKind.NUDGE, priority=Priority.NUDGE)])
        context.wakeups.notify()
        async with asyncio.timeout(WITHIN_S):
            await arrived.wait()
        assert len(reading) == READING_AT_ONCE
        over.set()
        async with asyncio.timeout(WITHIN_S):
            while len(reading) < 3 * AT_ONCE:
                await asyncio.sleep(0.01)
    finally:
        over.set()
        await box.stop(8.0)


def _context(database: Database) -> Context:
    policies = Policies(Policy("p", (), ()), {}, lambda document: Policy("p", (), ()))
    return Context(database, policies, Clock())
