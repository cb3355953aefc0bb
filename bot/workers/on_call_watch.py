"""Publishes home tabs anew when a handoff, or the beginning or end of a cover, changes who is on call.

Who was on call last is in the database, so a restart and a second replica are the same case.
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
    """Compares who is on call on each schedule with the last look."""

    def __init__(self, context: Context) -> None:
        self._context = context

    @property
    def periodic(self) -> Periodic:
        """The look, for the timer."""
        return Periodic("on-call watch", timedelta(seconds=LOOK_S), timedelta(0), self.look)

    async def look(self) -> None:
        """1. Who is on call now; 2. who was at the last look; 3. on a difference, publish the home tabs."""
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
