"""Claims deadlines that have lapsed and passes them to their use cases.

See docs/architecture.md, decisions 2 and 3.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import structlog

from bot.clock import Clock
from bot.usecases.context import Context
from bot.usecases.lapsed.batch import remind_batch
from bot.usecases.lapsed.dispatch import handle_lapsed
from bot.workers.tasks import PolledService, WakeableTask
from bot.workers.timer import Timer
from storage import deadlines
from storage.deadlines import LedgerRow
from storage.lease import LEASE

log = structlog.get_logger()

BATCH = 250
REMINDERS_PER_TRANSACTION = 100  # simple reminders
FIRST_REMINDERS = 50  # in the first transaction, so that sending begins early
LONG_BACKLOG = 50  # deadlines that lapsed; with more, less urgent work waits
OTHERS_PER_TRANSACTION = 20  # other deadlines, on SQLite
PARALLEL_TRANSACTIONS = 6  # on PostgreSQL
TICK_S = 1.0
RECHECK_S = 0.01  # the wait before looking again for a deadline that another process may hold


class Scheduler(PolledService):
    """Ticks each second and at the next due instant. A dead process's deadlines return when their lease ends."""

    name = "scheduler"

    def __init__(
        self,
        context: Context,
        clock: Clock,
        timer: Timer,
        observe: Callable[[LedgerRow, float], None] = lambda row, lateness_s: None,
    ) -> None:
        self._context = context
        self._clock = clock
        self._observe = observe
        self._timer = timer
        self._tick_lock = asyncio.Lock()
        loop = WakeableTask(
            self.name, context.wakeups.deadlines, self.tick, hint="check the database; the next tick tries again"
        )
        super().__init__(loop, timedelta(seconds=TICK_S))
        self.ticked_at: float | None = None

    async def tick(self) -> None:
        """1. Claim due deadlines. 2. Handle them. 3. Repeat while there are more. 4. Arrange the next wake-up."""
        if self._loop.stopping or self._tick_lock.locked():
            return
        async with self._tick_lock:
            while not self._loop.stopping and (rows := await self._claim()):
                with self._context.lapsed_backlog.deciding(is_long=len(rows) > LONG_BACKLOG):
                    await self._handle(rows)
                self._context.wakeups.outbox.set()
            await self._arm()
            self.ticked_at = time.monotonic()

    async def _claim(self) -> list[LedgerRow]:
        now = self._clock.now()
        async with self._context.database.reading() as conn:
            upcoming = await deadlines.next_due_at(conn)
        if upcoming is None or upcoming > now:
            return []
        async with self._context.database.transaction() as conn:
            rows = await deadlines.claim(conn, now, BATCH, LEASE)
        for row in rows:
            self._observe(row, max(0.0, self._clock.wall_seconds(now - row.due_at)))
        return rows

    async def _handle(self, rows: list[LedgerRow]) -> None:
        """Handle simple reminders in batches, then the rest.

        SQLite has one writer, so many deadlines share a commit there; on PostgreSQL a transaction locks one incident,
        and several run at the same time.
        """
        rows = sorted(rows, key=lambda row: (row.due_at, row.incident, row.rung or 0))
        first, later = rows[:FIRST_REMINDERS], rows[FIRST_REMINDERS:]
        batches = [first, *_batches(later, REMINDERS_PER_TRANSACTION)]
        rows = [row for batch in batches for row in await self._remind(batch)]
        one_writer = self._context.database.dialect == "sqlite"
        chunks = iter(_batches(rows, OTHERS_PER_TRANSACTION) if one_writer else _by_incident(rows))

        async def work() -> None:
            for chunk in chunks:
                await self._handle_chunk(chunk)

        await asyncio.gather(*(work() for _ in range(1 if one_writer else PARALLEL_TRANSACTIONS)))

    async def _remind(self, rows: list[LedgerRow]) -> list[LedgerRow]:
        """Handle simple reminders together. Returns the other rows, or all rows if the batch failed."""
        try:
            return await remind_batch(self._context, rows)
        except Exception:
            log.exception("scheduler.reminders_failed", incidents=[f"INC-{row.incident}" for row in rows])
            return rows

    async def _handle_chunk(self, chunk: list[LedgerRow]) -> None:
        try:
            await handle_lapsed(self._context, chunk)
        except Exception:
            log.exception("scheduler.chunk_failed", incidents=[f"INC-{row.incident}" for row in chunk])
            await self._handle_separately(chunk)

    async def _handle_separately(self, rows: list[LedgerRow]) -> None:
        if len(rows) == 1:
            return
        for row in rows:
            try:
                await handle_lapsed(self._context, [row])
            except Exception:
                log.exception("scheduler.deadline_failed", incident=f"INC-{row.incident}", deadline=row.dedup_key)

    async def _arm(self) -> None:
        async with self._context.database.reading() as conn:
            upcoming = await deadlines.next_due_at(conn)
        if upcoming is None or self._loop.stopping:
            return
        # It may have lapsed meanwhile, or another process may hold it: then look again shortly.
        at = datetime.fromtimestamp(max(self._clock.wall(upcoming), time.time() + RECHECK_S), UTC)
        if at - datetime.now(UTC) < timedelta(seconds=1):
            self._timer.at("next deadline", at, self._loop.wake)


def _batches(rows: list[LedgerRow], most: int) -> list[list[LedgerRow]]:
    return [rows[i : i + most] for i in range(0, len(rows), most)]


def _by_incident(rows: list[LedgerRow]) -> list[list[LedgerRow]]:
    """The rows of each incident together, in order; the incident with the earliest row comes first."""
    grouped: dict[int, list[LedgerRow]] = {}
    for row in rows:
        grouped.setdefault(row.incident, []).append(row)
    return list(grouped.values())
