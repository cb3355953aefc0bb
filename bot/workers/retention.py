"""Deletes expired data in the background, in small steps.

Records of deliveries, private answers and occurrences of alerts that are over are deleted after a month, pages of
shadow mode after a hundred days. If the policy sets `keep`, the texts of an incident's timeline and its ledger are
deleted when the incident ended that long ago, and groups of alerts that are over, imported alerts and changes of
services when they are as old. All other work takes precedence.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from bot import export
from bot.usecases import search_index
from bot.usecases.context import Context
from bot.workers.base import Periodic
from storage import api_requests, console_sessions, incidents, login_links, past_alerts, retention, shadow
from storage.alerts import changes
from storage.alerts import retention as expired_alerts
from storage.retention import EndedIncident

log = structlog.get_logger()

FIRST_S = 120.0  # after the start, when missed events have been fetched
EVERY_S = 3600.0
PAUSE_S = 0.1  # between two steps, each of which is one short transaction
REQUESTS = timedelta(days=2)  # of the API, which may be repeated for a day
BATCH = 500
# Longer than shadow mode may last: a page that is settled is looked up here, to see whether it was withheld.
SHADOW = timedelta(days=100)
OPERATIONAL = timedelta(days=30)  # Slack repeats no delivery after a day, and response URLs expire within an hour


CursorStep = Callable[[AsyncConnection, int], Awaitable[tuple[int | None, int]]]  # the key to go on after, and a count


class Retention:
    """Runs one round an hour. Replicas may do so at the same time: each step locks its incident and checks again."""

    def __init__(
        self, context: Context, archive: Path | None = None, secrets: Callable[[], Sequence[str]] = list
    ) -> None:
        self._context = context
        self._archive = archive
        self._secrets = secrets

    @property
    def periodic(self) -> Periodic:
        """The task that runs a round, in small steps."""
        return Periodic(
            "retention", timedelta(seconds=EVERY_S), timedelta(seconds=FIRST_S), self._slow_round,
            hint="check the database and the archive; it is tried again",
        )  # fmt: skip

    async def round(self, pause_s: float = 0.0) -> int:
        """Delete everything that has expired. Returns how many rows were deleted or lost their text."""
        now = self._context.clock.now()
        count = await self._steps(lambda conn: retention.delete_deliveries(conn, now - OPERATIONAL), pause_s)
        count += await self._steps(lambda conn: api_requests.delete_before(conn, now - REQUESTS, BATCH), pause_s)
        count += await self._steps(lambda conn: shadow.delete_before(conn, now - SHADOW, BATCH), pause_s)
        for table in (console_sessions, login_links):
            count += await self._steps(partial(table.delete_before, before=now - OPERATIONAL, limit=BATCH), pause_s)
        count += await self._steps(lambda conn: retention.drop_answers(conn, now - OPERATIONAL), pause_s)
        count += await self._steps(lambda conn: expired_alerts.delete_occurrences(conn, now - OPERATIONAL), pause_s)
        keep = self._context.policy.keep
        if keep is None:
            return count
        for table_module in (changes, past_alerts):
            count += await self._steps(partial(table_module.delete_before, before=now - keep, limit=BATCH), pause_s)
        count += await self._through(lambda conn, after: expired_alerts.delete_groups(conn, now - keep, after), pause_s)
        last: EndedIncident | None = None
        while ended := await self._ended_incidents(now - keep, last):
            for last in ended:
                count += await self._purge(last.number, now - keep, now, pause_s)
        return count

    async def _slow_round(self) -> None:
        """A round with pauses. Each step is one transaction, so a cancelled round leaves nothing half done."""
        if count := await self.round(PAUSE_S):
            log.info("retention.round", rows=count)

    async def _steps(self, step: Callable[[AsyncConnection], Awaitable[int]], pause_s: float) -> int:
        """Repeat a step until it has nothing left to do. Returns how many rows it changed."""
        total = 0
        while True:
            async with self._context.database.transaction() as conn:
                count = await step(conn)
            total += count
            if not count:
                return total
            await asyncio.sleep(pause_s)

    async def _through(self, step: CursorStep, pause_s: float) -> int:
        """Repeat a step from the key that the last one returned, until that is `None`. Returns how many it deleted."""
        after: int | None = 0
        total = 0
        while after is not None:
            async with self._context.database.transaction() as conn:
                after, count = await step(conn, after)
            total += count
            await asyncio.sleep(pause_s)
        return total

    async def _ended_incidents(self, before: datetime, after: EndedIncident | None) -> list[EndedIncident]:
        async with self._context.database.reading() as conn:
            return await retention.ended_incidents(conn, before, after)

    async def _purge(self, number: int, before: datetime, now: datetime, pause_s: float) -> int:
        """Purge one incident step by step; archive it first if an archive is configured."""
        through: int | None = None
        if self._archive is not None:
            through = await export.archive(self._context.database, number, self._archive, self._secrets())

        async def step(conn: AsyncConnection) -> int:
            incident = await incidents.lock(conn, number)
            if incident is None or incident.open or incident.ended_at is None or incident.ended_at > before:
                return 0  # it was reopened
            if count := await retention.purge(conn, number, before, now, through=through):
                return count
            if count := await retention.drop_ledger(conn, number):
                return count
            await search_index.forget_timeline(conn, incident)  # it is no longer found by texts that are deleted
            await retention.note_oldest_text(conn, number, now)
            return 0

        return await self._steps(step, pause_s)
