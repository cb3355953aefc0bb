"""Queues new versions of home tabs when a handoff or a cover changes who is on call.

The people who were on call at the last look are in the database, so a restart and a second replica need no special
case.
"""

from __future__ import annotations

from datetime import timedelta

from bot.domain.oncall import schedule as oncall
from bot.usecases.context import Context
from bot.usecases.effects import home_tab
from bot.workers.base import Periodic
from storage import key_value, overrides

LOOK_S = 5.0


class OnCallWatch:
    """Compares the people on call on each schedule with those at the last look."""

    def __init__(self, context: Context) -> None:
        self._context = context

    @property
    def periodic(self) -> Periodic:
        """The task that looks for changes."""
        return Periodic("on-call watch", timedelta(seconds=LOOK_S), timedelta(0), self.look)

    async def look(self) -> None:
        """1. Find who is on call now. 2. Read who was at the last look. 3. If they differ, queue the home tabs."""
        now, schedules = self._context.clock.now(), self._context.policy.schedules
        if not schedules:
            return
        async with self._context.database.reading() as conn:
            current = await overrides.in_force(conn, now)
            last = await key_value.ON_CALL.get(conn)
        people = {key: list(oncall.on_call(schedule, now, current)) for key, schedule in schedules.items()}
        if people == last:
            return
        async with self._context.database.transaction() as conn:
            await key_value.ON_CALL.put(conn, people)
            await home_tab.refresh_all(conn, now)
        self._context.wakeups.notify()
