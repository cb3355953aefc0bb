"""The scheduler: one tick finds lapsed deadlines and has them acted upon. APScheduler only ticks."""

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
from bot.workers.base import Periodic
from bot.workers.tasks import WakeableTask
from bot.workers.timer import Timer
from storage import deadlines
from storage.deadlines import LedgerRow
from storage.lease import LEASE

log = structlog.get_logger()

BATCH = 100
TOGETHER = 20  # incidents in one transaction
SIDE_BY_SIDE = 6  # incidents, elsewhere
TICK_S = 1.0
AGAIN_S = 0.01


class Scheduler:
    """Claims what is due, each second and at the very next due instant. Rows of a dead process come back by lease."""

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
        self._turn = asyncio.Lock()
        self._stopping = False
        self._loop = WakeableTask(
            self.name, context.wakeups.deadlines, self.tick, hint="check the database; the next tick tries again"
        )
        self.ticked_at: float | None = None

    @property
    def periodic(self) -> Periodic:
        return self._loop.poll(timedelta(seconds=TICK_S))

    async def start(self) -> None:
        self._stopping = False
        self._loop.start()

    async def stop(self, within_s: float) -> None:
        """Let the tick under way end."""
        self._stopping = True
        await self._loop.stop(within_s)

    async def tick(self) -> None:
        """1. claim what is due; 2. act on it; 3. again while there is more; 4. wake at the next due instant."""
        if self._stopping or self._turn.locked():
            return
        async with self._turn:
            while not self._stopping and (rows := await self._claim()):
                await self._act(rows)
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

    async def _act(self, rows: list[LedgerRow]) -> None:
        """Plain reminders by the dozen, the rest by itself. SQLite has one writer, so many share its commit there;
        elsewhere such a transaction locks one incident, and several go side by side.
        """
        rows = sorted(rows, key=lambda row: (row.due_at, row.incident, row.rung or 0))
        rows = [row for dozen in _dozens(rows) for row in await self._remind(dozen)]
        one_writer = self._context.database.dialect == "sqlite"
        left = iter(_dozens(rows) if one_writer else _by_incident(rows))

        async def work() -> None:
            for chunk in left:
                await self._act_on(chunk)

        await asyncio.gather(*(work() for _ in range(1 if one_writer else SIDE_BY_SIDE)))

    async def _remind(self, rows: list[LedgerRow]) -> list[LedgerRow]:
        """Gives back what is to be looked at one by one."""
        try:
            return await remind_batch(self._context, rows)
        except Exception:
            log.exception("scheduler.reminders_failed", incidents=[f"INC-{row.incident}" for row in rows])
            return rows

    async def _act_on(self, chunk: list[LedgerRow]) -> None:
        try:
            await handle_lapsed(self._context, chunk)
        except Exception:
            log.exception("scheduler.chunk_failed", incidents=[f"INC-{row.incident}" for row in chunk])
            await self._one_by_one(chunk)

    async def _one_by_one(self, rows: list[LedgerRow]) -> None:
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
        if upcoming is None or self._stopping:
            return
        # It may have lapsed since we looked, or be in another's hands this very moment: then look again presently.
        at = datetime.fromtimestamp(max(self._clock.wall(upcoming), time.time() + AGAIN_S), UTC)
        if at - datetime.now(UTC) < timedelta(seconds=1):
            self._timer.at("next deadline", at, self._loop.wake)


def _dozens(rows: list[LedgerRow]) -> list[list[LedgerRow]]:
    return [rows[i : i + TOGETHER] for i in range(0, len(rows), TOGETHER)]


def _by_incident(rows: list[LedgerRow]) -> list[list[LedgerRow]]:
    """Those of one incident together, in their order; whose first one is due first comes first."""
    found: dict[int, list[LedgerRow]] = {}
    for row in rows:
        found.setdefault(row.incident, []).append(row)
    return list(found.values())
