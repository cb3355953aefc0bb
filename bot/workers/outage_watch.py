"""Notices when Slack goes down and comes back, so that pages go out by other methods meanwhile.

Slack is down when it has not answered, or no socket was connected, for `DOWN_AFTER_S`; or when an operator says so.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from datetime import timedelta

import structlog

from bot.usecases import outage as outages
from bot.usecases.context import Context
from bot.usecases.outage import NOTICED, Outage
from bot.workers.base import Periodic
from storage.outbox import delayed

log = structlog.get_logger()

EVERY = timedelta(seconds=5)
DOWN_AFTER_S = 20.0


class OutageWatch:
    """Sets `Context.outage`. `slack` returns Slack's trouble, or None; `on_return` is called once it is back."""

    name = "outage watch"

    def __init__(
        self, context: Context, slack: Callable[[], Awaitable[str | None]], on_return: Callable[[], None] = lambda: None
    ) -> None:
        self._context = context
        self._back = on_return
        self._slack = slack
        self._bad_since: float | None = None

    @property
    def periodic(self) -> Periodic:
        """The task that looks."""
        return Periodic(self.name, EVERY, EVERY, self.look)

    async def look(self) -> None:
        """1. Take over what other processes have stored; 2. ask how Slack is; 3. start or end an outage."""
        async with self._context.database.reading() as conn:
            stored, past = await outages.current(conn), await outages.past_outages(conn)
        self._context.past_outages = past
        await self._take(stored)
        trouble = await self._slack()
        now = time.monotonic()
        self._bad_since = None if trouble is None else self._bad_since or now
        bad_for_s = now - (self._bad_since or now)
        if trouble is not None and stored is None and bad_for_s >= DOWN_AFTER_S:
            await self._take(await self._begin_outage(trouble, timedelta(seconds=bad_for_s)))
        elif trouble is None and stored is not None and stored.by == NOTICED:
            await self._take(await self._end_outage())

    async def _begin_outage(self, trouble: str, noticed_after: timedelta) -> Outage:
        reason = trouble.partition(". ")[0].partition("; ")[0]
        clock, wall_s = self._context.clock, time.time()
        began = clock.now() - (clock.at(wall_s) - clock.at(wall_s - noticed_after.total_seconds()))
        async with self._context.database.transaction() as conn:
            return await outages.start(conn, Outage(began, NOTICED, reason), noticed_after)

    async def _end_outage(self) -> Outage | None:
        """End the outage that the bot noticed. Returns the one that somebody declared meanwhile, if any."""
        severities = [severity.key for severity in self._context.policy.severities]
        async with self._context.database.transaction() as conn:
            await outages.stop(conn, self._context.clock.now(), severities, by=NOTICED)
            self._context.past_outages = await outages.past_outages(conn)
            return await outages.current(conn)

    async def _take(self, stored: Outage | None) -> None:
        before, self._context.outage = self._context.outage, stored
        if stored is not None and before is None:
            log.warning("slack.down", by=stored.by, reason=stored.reason, hint="people are paged by other methods")
            self._context.wakeups.notify()
        elif stored is None and before is not None:
            log.info("slack.back", after_s=round((self._context.clock.now() - before.since).total_seconds()))
            async with self._context.database.transaction() as conn:  # delayed by this process meanwhile
                await delayed.wake(conn)
            self._back()
            self._context.wakeups.notify()
