"""A burst of reminders is claimed and recorded by the dozen, and a page still goes first."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from datetime import timedelta

import sqlalchemy as sa

from bot.clock import Clock
from bot.domain.policy.policy import Policy
from bot.domain.routing.notice import Notice, NoticeKind, Priority
from bot.domain.routing.send_result import Deferred, SendResult, Sent
from bot.slack.client.rate_limiter import RateLimiter
from bot.slack.client.rate_window import Caller
from bot.usecases.context import Context, Policies
from bot.workers import claim_buffer
from bot.workers.claim_buffer import ClaimBuffer, SpacedLooks
from bot.workers.outbox import AT_ONCE, Outbox, Send
from storage.database import Database
from storage.outbox import enqueue, queue
from storage.outbox.queue import ClaimedNotice
from storage.schema import outbox
from tests.storage.helpers import store_incidents
from tests.waiting import WITHIN_S

BURST = 400


def _context(database: Database) -> Context:
    return Context(database, Policies(Policy("p", (), ()), {}, lambda document: Policy("p", (), ())), Clock())


async def _put_reminders(database: Database, count: int) -> None:
    await store_incidents(database, 1)
    reminders = [Notice(f"n:{n}", NoticeKind.NUDGE, 1, priority=Priority.NUDGE) for n in range(count)]
    async with database.transaction() as conn:
        await enqueue.put(conn, reminders)


@asynccontextmanager
async def _running(context: Context, send: Send) -> AsyncIterator[Outbox]:
    box = Outbox(context, send)
    await box.start()
    try:
        yield box
    finally:
        await box.stop(8.0)


@contextmanager
def _commits(database: Database) -> Iterator[list[int]]:
    """Counts the transactions in which something was written."""
    counted = [0]
    wrote: set[int] = set()

    def statement(conn: sa.Connection, cursor: object, sql: str, *_: object) -> None:
        if sql.lstrip().upper().startswith(("UPDATE", "INSERT", "DELETE", "WITH")):
            wrote.add(id(conn))

    def commit(conn: sa.Connection) -> None:
        if id(conn) in wrote:
            wrote.discard(id(conn))
            counted[0] += 1

    engine = database._writer.sync_engine
    sa.event.listen(engine, "before_cursor_execute", statement)
    sa.event.listen(engine, "commit", commit)
    yield counted
    sa.event.remove(engine, "before_cursor_execute", statement)
    sa.event.remove(engine, "commit", commit)


async def _states(database: Database) -> dict[str, int]:
    async with database.reading() as conn:
        rows = await conn.execute(sa.select(outbox.c.state, sa.func.count()).group_by(outbox.c.state))
        return {state: count for state, count in rows}


async def _until_all_are(database: Database, state: str, count: int) -> None:
    async with asyncio.timeout(WITHIN_S):
        while (await _states(database)).get(state, 0) < count:
            await asyncio.sleep(0.02)


async def test_a_burst_of_reminders_takes_few_commits(database: Database) -> None:
    sent: list[str] = []

    async def send(row: ClaimedNotice) -> SendResult:
        await asyncio.sleep(0.005 + 0.001 * (row.id % 7))
        sent.append(row.dedup_key)
        return Sent({"channel": "C1", "ts": "1.1", "key": row.key})

    await _put_reminders(database, BURST)
    with _commits(database) as commits:
        async with _running(_context(database), send):
            await _until_all_are(database, "sent", BURST)
    assert sorted(sent) == sorted(f"n:{n}" for n in range(BURST))
    assert commits[0] <= BURST / 10


async def test_a_page_goes_before_the_reminders_of_a_burst(database: Database) -> None:
    begun: list[str] = []
    paged = asyncio.Event()

    async def send(row: ClaimedNotice) -> SendResult:
        begun.append(row.dedup_key)
        if len(begun) < AT_ONCE:
            return Sent()
        if row.kind == NoticeKind.NUDGE and not paged.is_set():
            await asyncio.wait_for(paged.wait(), WITHIN_S)
        return Sent()

    context = _context(database)
    await _put_reminders(database, 3 * AT_ONCE)
    async with _running(context, send) as box:
        async with asyncio.timeout(WITHIN_S):
            while len(begun) < 2 * AT_ONCE - 1:
                await asyncio.sleep(0.01)
        async with database.transaction() as conn:
            await enqueue.put(conn, [Notice("page", NoticeKind.PAGE_CHANNEL, 1, priority=Priority.PAGE)])
        context.wakeups.notify()
        async with asyncio.timeout(WITHIN_S):
            while not box._urgent:  # it has seen the page, and all places are taken
                await asyncio.sleep(0.01)
        before = len(begun)
        paged.set()
        await _until_all_are(database, "sent", 3 * AT_ONCE + 1)
    assert begun.index("page") == before
    assert len(begun) == len(set(begun)) == 3 * AT_ONCE + 1


async def test_what_was_claimed_ahead_is_queued_again_at_the_end(database: Database) -> None:
    over = asyncio.Event()

    async def send(row: ClaimedNotice) -> SendResult:
        await over.wait()
        return Sent()

    await _put_reminders(database, 3 * AT_ONCE)
    async with _running(_context(database), send) as box:
        await _until_all_are(database, "leased", AT_ONCE + claim_buffer.MOST)
        asyncio.get_running_loop().call_later(0.2, over.set)
        await box.stop(8.0)
        assert await _states(database) == {"sent": AT_ONCE, "queued": 2 * AT_ONCE}
        async with database.reading() as conn:
            tried = sa.select(sa.func.max(outbox.c.attempts)).where(outbox.c.state == "queued")
            assert await conn.scalar(tried) == 0


async def test_the_lease_of_what_waits_is_renewed_and_what_another_process_claimed_is_given_up(
    database: Database,
) -> None:
    await _put_reminders(database, 2)
    async with database.transaction() as conn:
        rows = await queue.claim(conn, 2, timedelta(seconds=1))
        await conn.execute(
            sa.update(outbox).where(outbox.c.id == rows[0].id).values(fence=outbox.c.fence + 1)
        )  # as another's claim does
    buffer = ClaimBuffer()
    buffer.add(rows)
    await buffer.renew(database)
    renewed = buffer.take()
    assert renewed is not None
    assert renewed.dedup_key == rows[1].dedup_key
    assert renewed.lease_ends_monotonic > time.monotonic() + claim_buffer.RENEWED_BEFORE_S
    assert buffer.take() is None


async def test_a_reminder_whose_lease_has_ended_is_not_sent(database: Database) -> None:
    await _put_reminders(database, 1)
    async with database.transaction() as conn:
        rows = await queue.claim(conn, 1)
    buffer = ClaimBuffer()
    buffer.add([replace(rows[0], lease_ends_monotonic=time.monotonic() - 1)])
    assert buffer.take() is None


async def test_while_many_deadlines_have_lapsed_what_is_less_urgent_than_a_reminder_waits(database: Database) -> None:
    sent: list[str] = []

    async def send(row: ClaimedNotice) -> SendResult:
        sent.append(row.dedup_key)
        return Sent()

    context = _context(database)
    await _put_reminders(database, 1)
    async with database.transaction() as conn:
        await enqueue.put(conn, [Notice("edit", NoticeKind.CARD_EDIT, 1, priority=Priority.EDIT)])
    with context.lapsed_backlog.deciding(is_long=True):
        async with _running(context, send):
            await _until_all_are(database, "sent", 1)
            assert sent == ["n:0"]
            assert await _states(database) == {"sent": 1, "queued": 1}
    async with _running(context, send):
        await _until_all_are(database, "sent", 2)
    assert sent == ["n:0", "edit"]


async def test_what_one_replica_may_not_send_now_is_sent_by_another(database: Database) -> None:
    topics = [Notice(f"topic:{n}", NoticeKind.TOPIC, 1, priority=Priority.NEWS) for n in range(20)]
    by_replica: Counter[int] = Counter()

    def replica(number: int) -> Send:
        limiter = RateLimiter(lambda: 1000.0)  # the minute does not pass
        limiter.share_among(2)

        async def send(row: ClaimedNotice) -> SendResult:
            permit = limiter.acquire("conversations.setTopic", "", Caller(incident=1, priority=row.priority))
            if isinstance(permit, float):
                return Deferred("used up", timedelta(seconds=permit), offered=True)
            permit.release(counts=True)
            by_replica[number] += 1
            return Sent()

        return send

    await store_incidents(database, 1)
    async with database.transaction() as conn:
        await enqueue.put(conn, topics)
    contexts = [_context(database), _context(database)]
    async with (
        _running(contexts[0], replica(0)),
        _running(contexts[1], replica(1)),
        asyncio.timeout(WITHIN_S),
    ):
        while (await _states(database)).get("sent", 0) < len(topics):
            for context in contexts:
                context.wakeups.notify()
            await asyncio.sleep(0.05)
    assert by_replica == {0: 10, 1: 10}, "each has half of the twenty a minute"
    async with database.reading() as conn:
        claims = await conn.scalar(sa.select(sa.func.sum(outbox.c.fence)))
    assert claims <= 3 * len(topics), "a replica claims none while it may send none"


async def test_a_postponed_look_is_made_once_when_it_is_due() -> None:
    woken: list[float] = []
    looks = SpacedLooks(1.0, lambda: woken.append(time.monotonic()))
    assert not looks.postponed()
    assert looks.postponed()
    assert looks.postponed()
    async with asyncio.timeout(WITHIN_S):
        while not woken:
            await asyncio.sleep(0.01)
    assert len(woken) == 1
    assert not looks.postponed()
