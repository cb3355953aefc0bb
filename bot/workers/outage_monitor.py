"""Detects when the bot may have missed Slack's events, and then fetches them from the channels' histories.

Slack repeats an event for about six minutes, then gives it up. A process that did not run or could not write for so
long has to fetch what it missed.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from datetime import timedelta

import structlog

from bot.workers.base import Periodic

log = structlog.get_logger()

LOOK_S = 1.0
STOOD_STILL_S = 30.0  # the process was stopped or suspended, or its machine moved, while the wall clock went on
NOT_OFTENER_S = 30.0  # Slack limits how often histories may be read


class OutageMonitor:
    """Calls `fill`, which fetches missed events, at the start and once after each outage. A failed call is repeated."""

    name = "outage monitor"

    def __init__(self, fill: Callable[[], Awaitable[None]]) -> None:
        self._fill = fill
        self._missed = False
        self._filled_at = -NOT_OFTENER_S
        self._looked_at = time.time()

    @property
    def periodic(self) -> Periodic:
        """The task that looks whether events may have been missed."""
        interval = timedelta(seconds=LOOK_S)
        return Periodic(self.name, interval, interval, self.look)

    def missed(self) -> None:
        """Note that an event could not be recorded, and that Slack was told so."""
        self._missed = True

    async def start(self) -> None:
        """Call `fill` once: everything that happened while the process did not run was missed."""
        await self._fill()
        self._looked_at = time.time()

    async def stop(self, within_s: float) -> None:
        """Do nothing: the timer calls `look`."""
        return

    async def look(self) -> None:
        """Call `fill`, if events were missed or the process stood still since the last look."""
        still_s, self._looked_at = time.time() - self._looked_at, time.time()
        if still_s > STOOD_STILL_S:
            log.warning("gap.stood_still", for_s=round(still_s), hint="missed events are fetched from the histories")
            self._missed = True
        if not self._missed or time.monotonic() - self._filled_at <= NOT_OFTENER_S:
            return
        self._missed, self._filled_at = False, time.monotonic()
        try:
            await self._fill()
        except BaseException:
            self._missed = True
            raise
