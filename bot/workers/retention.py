"""Retention: in the background, a little at a time, what the policy says is kept no longer goes.

Always: remembered deliveries and private answers of a month ago. Where the policy says `keep`: the words of timelines
whose incident ended so long ago, with its ledger. It has no deadline, and whatever else there is to do comes first.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from bot import export
from bot.usecases.context import Context
from bot.usecases.effects import search_index
from bot.workers.base import Periodic
from storage import incidents, retention
from storage.retention import EndedIncident

log = structlog.get_logger()

FIRST_S = 120.0  # after the start, when everything has been caught up with
EVERY_S = 3600.0
PAUSE_S = 0.1  # between two steps, each of which is one short transaction
OPERATIONAL = timedelta(days=30)  # Slack delivers nothing again after a day, and no answer's address lives for an hour


class Retention:
    """One round every hour. Replicas may go round at once: each step locks its incident and looks again."""

    def __init__(self, context: Context, archive: Path | None = None, secrets: Sequence[str] = ()) -> None:
        self._context = context
        self._archive = archive
        self._secrets = secrets

    @property
    def periodic(self) -> Periodic:
        return Periodic(
            "retention", timedelta(seconds=EVERY_S), timedelta(seconds=FIRST_S), self._slow_round,
            hint="check the database and the archive; it is tried again",
        )  # fmt: skip

    async def round(self, pause_s: float = 0.0) -> int:
        """Everything that is due now; how many rows went or lost their words."""
        now = self._context.clock.now()
        count = await self._steps(lambda conn: retention.delete_deliveries(conn, now - OPERATIONAL), pause_s)
        count += await self._answers(now - OPERATIONAL, pause_s)
        keep = self._context.policy.keep
        if keep is None:
            return count
        last: EndedIncident | None = None
        while found := await self._ended(now - keep, last):
            for last in found:
                count += await self._over(last.number, now - keep, now, pause_s)
        return count

    async def _slow_round(self) -> None:
        """Each step is a transaction: a round that is cancelled leaves nothing half done."""
        if count := await self.round(PAUSE_S):
            log.info("retention.round", rows=count)

    async def _steps(self, step: Callable[[AsyncConnection], Awaitable[int]], pause_s: float) -> int:
        """One after another, until there is nothing left to do."""
        total = 0
        while True:
            async with self._context.database.transaction() as conn:
                count = await step(conn)
            total += count
            if not count:
                return total
            await asyncio.sleep(pause_s)

    async def _answers(self, before: datetime, pause_s: float) -> int:
        after: int | None = 0
        total = 0
        while after is not None:
            async with self._context.database.transaction() as conn:
                after, count = await retention.drop_answers(conn, before, after)
            total += count
            await asyncio.sleep(pause_s)
        return total

    async def _ended(self, before: datetime, after: EndedIncident | None) -> list[EndedIncident]:
        async with self._context.database.reading() as conn:
            return await retention.ended_incidents(conn, before, after)

    async def _over(self, number: int, before: datetime, now: datetime, pause_s: float) -> int:
        """One incident: archived first where that is wanted, then purged step by step."""
        through: int | None = None
        if self._archive is not None:
            through = await export.archive(self._context.database, number, self._archive, self._secrets)

        async def step(conn: AsyncConnection) -> int:
            incident = await incidents.lock(conn, number)
            if incident is None or incident.open or incident.ended_at is None or incident.ended_at > before:
                return 0  # it was reopened
            if count := await retention.purge(conn, number, before, now, through=through):
                return count
            if count := await retention.drop_ledger(conn, number):
                return count
            await search_index.reindex(conn, incident)  # nobody finds it any more by words that are gone
            await retention.note_oldest_text(conn, number, now)
            return 0

        return await self._steps(step, pause_s)
