"""Claims notices that are due, passes each to its sender, and records the result: the outbox's worker."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog

from bot.domain.routing.notice import (
    COPY_KINDS,
    MAIL_KINDS,
    PAGER_KINDS,
    SUBSCRIBER_MAIL_KINDS,
    SUBSCRIBER_WEBHOOK_KINDS,
    WEBHOOK_KINDS,
    NoticeKind,
)
from bot.domain.routing.send_result import Deferred, Failed, Held, NotNeeded, Retry, SendResult, Sent
from bot.usecases import shadow
from bot.usecases.context import Context
from bot.usecases.outbox import results
from bot.usecases.outbox.batched_results import BatchedResults
from bot.workers import claim_buffer
from bot.workers.claim_buffer import ClaimBuffer, SpacedLooks
from bot.workers.tasks import PolledService, WakeableTask
from storage.engine.errors import StorageError
from storage.lease import LEASE
from storage.outbox import queue
from storage.outbox.queue import ClaimedNotice

log = structlog.get_logger()

AT_ONCE = 48
# Pages outside Slack have their own limit, and so have the other requests to other servers (mails, webhooks, trackers):
# none of the three can hold up another.
PAGING_AT_ONCE = 24
ELSEWHERE_AT_ONCE = 24
# Reading channels again after a downtime, one notice for each incident, must hold up no message: it begins only where
# nothing else is ready, and in few places, since Slack lets one read 50 a minute.
READING_KINDS = frozenset({NoticeKind.BACKFILL})
READING_AT_ONCE = 8
ELSEWHERE_KINDS = MAIL_KINDS | SUBSCRIBER_MAIL_KINDS | SUBSCRIBER_WEBHOOK_KINDS | WEBHOOK_KINDS | COPY_KINDS
POLL_S = 1.0
WAKE_S = 0.004  # after the instant at which a row may be claimed
LET_PASS_S = 0.3  # at most; people who wait for an acknowledgement go first
LONGEST_WAIT_S = 120.0
RECORDED_AGAIN_S = (0.2, 1.0, 3.0)  # after the database refused the record of what was sent
LOOK_EVERY_S = 0.02  # while the buffer is full, for something more urgent
GATHER_S = 0.02  # in a burst, results wait so long for others to be recorded with
UNCERTAIN_WAIT = timedelta(seconds=2)  # Slack's history may lag: look for the message only after this

Send = Callable[[ClaimedNotice], Awaitable[SendResult]]


@dataclass(slots=True)
class Outcome:
    """A kind of notice, and how sending it ended, for the metrics to count."""

    kind: str
    result: str


@dataclass(slots=True)
class _Lane:
    """Kinds of notices with a concurrency limit of their own."""

    kinds: frozenset[NoticeKind]
    at_once: int
    tasks: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def free(self) -> int:
        return self.at_once - len(self.tasks)


class Outbox(PolledService):
    """Claims by priority and sends up to `AT_ONCE` side by side. Several outboxes on one database share the work."""

    name = "outbox"

    def __init__(
        self,
        context: Context,
        send: Send,
        observe: Callable[[Outcome], None] = lambda outcome: None,
        claimed: Callable[[ClaimedNotice], None] = lambda row: None,
    ) -> None:
        self._context = context
        self._send = send
        self._observe = observe
        self._claimed = claimed
        self._buffer = ClaimBuffer()
        self._left_until: dict[str, float] = {}  # by kind: until when it is left to other replicas (monotonic)
        self._urgent = False  # something waits that goes before the buffer
        self._looks = SpacedLooks(LOOK_EVERY_S, context.wakeups.outbox.set)
        self._recorder = BatchedResults(context, lambda: GATHER_S if self._buffer else 0.0)
        self._recording: set[asyncio.Task[None]] = set()  # reminders that were sent: their places are free again
        self._tasks: set[asyncio.Task[None]] = set()
        self._reading = _Lane(READING_KINDS, READING_AT_ONCE)
        self._claimed_lanes = (_Lane(PAGER_KINDS, PAGING_AT_ONCE), _Lane(ELSEWHERE_KINDS, ELSEWHERE_AT_ONCE))
        self._lanes = (*self._claimed_lanes, self._reading)
        loop = WakeableTask(
            self.name, context.wakeups.outbox, self._send_due, hint="check the database; it is tried again every second"
        )
        super().__init__(loop, timedelta(seconds=POLL_S))

    async def stop(self, within_s: float) -> None:
        """Claim nothing new and let running sends end. A send that is cut short is tried again when its lease ends."""
        until = time.monotonic() + within_s
        await self._loop.stop(within_s)
        try:
            await self._buffer.release(self._context.database)
        except StorageError as error:  # they return when their leases end
            log.warning("outbox.cannot_release", error=str(error))
        if running := self._tasks | self._recording:
            await asyncio.wait(running, timeout=max(0.0, until - time.monotonic()))
        for task in self._tasks | self._recording:
            task.cancel()
        await self._recorder.close()

    async def _send_due(self) -> None:
        while not self._loop.stopping:
            await self._context.foreground_gate.yield_to_foreground(LET_PASS_S)
            await self._buffer.renew(self._context.database)
            rows = await self._claim()
            for row in rows:
                self._claimed(row)
                self._begin(row)
            self._begin_buffered()
            if not rows:
                return

    def _begin(self, row: ClaimedNotice) -> None:
        task = asyncio.create_task(self._deliver(row), name=f"send {row.dedup_key}")
        self._tasks.add(task)
        for lane in self._lanes:
            if row.kind in lane.kinds:
                lane.tasks.add(task)
        task.add_done_callback(self._done)

    def _begin_buffered(self) -> None:
        """Fill the free places from the buffer, unless something more urgent is to be claimed for them."""
        while not self._urgent and not self._loop.stopping and self._free > 0 and (row := self._buffer.take()):
            self._claimed(row)
            self._begin(row)

    @property
    def _free(self) -> int:
        return AT_ONCE - len(self._tasks.difference(*(lane.tasks for lane in self._lanes)))

    @property
    def _least_urgent(self) -> int:
        """The lowest priority to claim now: while many deadlines have lapsed, more reminders are about to come."""
        return claim_buffer.PRIORITY if self._context.lapsed_backlog.is_long else queue.LEAST_URGENT

    async def _claim(self) -> list[ClaimedNotice]:
        """Claim for the free places. Where reminders fill them all, some more are claimed into the buffer."""
        free, room = self._free, self._buffer.room
        open_lanes = [lane for lane in self._claimed_lanes if lane.free > 0]
        if free <= 0 and not open_lanes and not self._buffer:
            return []
        self._context.wakeups.outbox.clear()
        now = time.monotonic()
        deferred_kinds = {NoticeKind(kind) for kind, until in self._left_until.items() if until > now}
        full = READING_KINDS.union(deferred_kinds, *(lane.kinds for lane in self._claimed_lanes if lane.free <= 0))
        if self._buffer and not await self._look_ahead(full, room):
            return []
        async with self._context.database.transaction() as conn:
            rows: list[ClaimedNotice] = []
            if free > 0 and (self._urgent or not self._buffer):
                rows = await queue.claim(conn, free, LEASE, skip_kinds=full, least=self._least_urgent)
            elif open_lanes and (self._urgent or not self._buffer):
                kinds = frozenset().union(*(lane.kinds for lane in open_lanes))
                rows = await queue.claim(conn, min(lane.free for lane in open_lanes), LEASE, only_kinds=kinds)
            burst = len(rows) == free > 0 and rows[-1].priority == claim_buffer.PRIORITY
            ahead = burst or (bool(self._buffer) and not self._urgent)
            more = await queue.claim(conn, room, LEASE, only_kinds=claim_buffer.KINDS) if room and ahead else []
            quiet = len(rows) < free and not self._buffer and not self._context.lapsed_backlog.is_long
            if quiet and self._reading.free > 0:  # nothing else is ready
                rows += await queue.claim(conn, self._reading.free, LEASE, only_kinds=READING_KINDS)
        self._buffer.add(more)
        return rows

    async def _look_ahead(self, full: frozenset[NoticeKind], room: int) -> bool:
        """Whether there is something to claim while reminders are buffered: something more urgent, or more of them."""
        if not room and not self._urgent and self._looks.postponed():
            return False
        async with self._context.database.reading() as conn:
            first = await queue.first_ready(conn, skip_kinds=full)
        buffered = first is not None and first.kind in claim_buffer.KINDS
        self._urgent = first is not None and not buffered and first.priority <= claim_buffer.PRIORITY
        return self._urgent or (buffered and room > 0)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._recording.discard(task)
        for lane in self._lanes:
            lane.tasks.discard(task)
        self._refill()

    def _refill(self) -> None:
        """A place is free: the next reminder of the buffer takes it, or whatever the next claim finds."""
        self._begin_buffered()
        if self._urgent or self._buffer.room:
            self._context.wakeups.outbox.set()

    async def _deliver(self, row: ClaimedNotice) -> None:
        try:
            await self._settle(row)
        except Exception:
            log.exception("outbox.row_failed", dedup_key=row.dedup_key, kind=row.kind, incident=_name(row))

    async def _settle(self, row: ClaimedNotice) -> None:
        """Send, then record the result. If recording fails, the lease runs out and the next attempt looks first."""
        try:
            reason = await shadow.withheld(self._context, row)
            result = NotNeeded(reason) if reason else await self._send(row)
        except StorageError as error:
            log.warning("outbox.cannot_read", dedup_key=row.dedup_key, incident=_name(row), error=str(error))
            return
        if isinstance(result, Sent) and row.kind in claim_buffer.KINDS:
            self._free_place()
        self._observe(Outcome(row.kind, await self._record(row, result)))

    def _free_place(self) -> None:
        """Give the place of the running task to the next notice while its result is recorded."""
        task = asyncio.current_task()
        if task in self._tasks:
            self._tasks.discard(task)
            self._recording.add(task)
            self._refill()

    async def _record(self, row: ClaimedNotice, result: SendResult) -> str:
        """Record the result, and return its name for the metrics."""
        match result:
            case Sent(receipt):
                return "sent" if await self._record_sent(row, receipt) else "lost_lease"
            case NotNeeded(reason):
                await self._recorder.dropped(row, reason)
                return "dropped"
            case Deferred():
                return await self._defer(row, result)
            case Retry():
                return await self._retry(row, result)
            case Held(reason, until):
                await results.hold(self._context, row, until, reason)
                return "held"
            case Failed(reason):
                log.warning("outbox.failed", dedup_key=row.dedup_key, kind=row.kind, incident=_name(row), error=reason)
                await results.record_failure(self._context, row, reason)
                return "failed"

    async def _record_sent(self, row: ClaimedNotice, receipt: dict[str, Any]) -> bool:
        """Record that it was sent. Other systems cannot be asked, so retry the record rather than send again."""
        for wait_s in RECORDED_AGAIN_S if row.kind in ELSEWHERE_KINDS else ():
            try:
                return await self._recorder.sent(row, receipt)
            except StorageError as error:
                log.warning("outbox.cannot_record", dedup_key=row.dedup_key, incident=_name(row), error=str(error))
                await asyncio.sleep(wait_s)
        return await self._recorder.sent(row, receipt)

    async def _defer(self, row: ClaimedNotice, result: Deferred) -> str:
        """Release the lease until the rate limit permits the call, and wake up at that instant.

        What another replica may send is offered at once. This one claims nothing of its kind until that instant.
        """
        after_s = result.after.total_seconds()
        log.debug("outbox.waits", dedup_key=row.dedup_key, incident=_name(row), after_s=round(after_s, 3))
        if result.blocked:
            await results.wait_for_operator(self._context, row, result.after, result.reason)
        else:
            after = timedelta(0) if result.offered else result.after
            if result.offered:
                self._leave_to_others(row.kind, time.monotonic() + after_s)
            await results.requeue(self._context, row, after, result.reason, trying=_trying_for(row))
        asyncio.get_running_loop().call_later(after_s + WAKE_S, self._context.wakeups.outbox.set)
        return "blocked" if result.blocked else "waits"

    def _leave_to_others(self, kind: str, until: float) -> None:
        """Claim nothing of this kind until then. Of several instants, the first counts."""
        current = self._left_until.get(kind, 0.0)
        self._left_until[kind] = min(current, until) if current > time.monotonic() else until

    async def _retry(self, row: ClaimedNotice, result: Retry) -> str:
        after = timedelta(seconds=backoff_s(row.attempts)) if result.after is None else result.after
        if result.uncertain:
            after = max(after, UNCERTAIN_WAIT)
        log.info(
            "outbox.retry",
            dedup_key=row.dedup_key,
            incident=_name(row),
            error=result.reason,
            after_s=after.total_seconds(),
        )
        trying = _trying_for(row)
        await results.retry_later(self._context, row, after, result.reason, uncertain=result.uncertain, trying=trying)
        return "unknown" if result.uncertain else "retried"


def backoff_s(attempts: int) -> float:
    """The wait before the next attempt: 1, 2, 4 … seconds up to two minutes, each with up to a quarter of jitter."""
    return min(LONGEST_WAIT_S, 2.0 ** max(0, attempts - 1)) * random.uniform(1.0, 1.25)  # noqa: S311 - not a secret


def _name(row: ClaimedNotice) -> str | None:
    return None if row.incident is None else f"INC-{row.incident}"


def _trying_for(row: ClaimedNotice) -> timedelta:
    return datetime.now(UTC) - row.first_try_at
