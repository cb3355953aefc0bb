"""Decides groups of alerts that have gathered, pages their rungs, and marks alerts that stopped reporting as stale."""

from __future__ import annotations

from datetime import timedelta

import structlog

from bot.usecases.alerts.absence import claim_stale, grow_stale, tell_of_missing_heartbeats
from bot.usecases.alerts.decide import claim_gathered, decide_group
from bot.usecases.alerts.escalate import claim_rungs, page_rung
from bot.usecases.context import Context
from bot.workers.tasks import PolledService, WakeableTask

log = structlog.get_logger()

TICK_S = 0.5
AGAIN = "it is tried again in half a minute"


class AlertDecider(PolledService):
    """Looks for due groups twice a second. A dead process's groups return when their lease ends."""

    name = "alert decider"

    def __init__(self, context: Context) -> None:
        self._context = context
        loop = WakeableTask(
            self.name, context.wakeups.alerts, self.tick, hint="check the database; the next tick tries again"
        )
        super().__init__(loop, timedelta(seconds=TICK_S))

    async def tick(self) -> None:
        """Decide groups and page rungs that are due. A failure is logged; its lease ends, and it is tried again."""
        while not self._loop.stopping and (numbers := await claim_gathered(self._context)):
            for number in numbers:
                try:
                    await decide_group(self._context, number)
                except Exception:
                    log.exception("alerts.not_decided", group=f"AG-{number}", hint=AGAIN)
        while not self._loop.stopping and (numbers := await claim_stale(self._context)):
            for number in numbers:
                try:
                    await grow_stale(self._context, number)
                except Exception:
                    log.exception("alerts.not_stale", group=f"AG-{number}", hint=AGAIN)
        await tell_of_missing_heartbeats(self._context)
        while not self._loop.stopping and (lapsed := await claim_rungs(self._context)):
            for rung in lapsed:
                try:
                    await page_rung(self._context, rung)
                except Exception:
                    log.exception("alerts.not_paged", group=f"AG-{rung.group}", hint=AGAIN)
