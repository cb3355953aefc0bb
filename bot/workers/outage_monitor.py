"""Detects when the bot may have missed Slack's events, and then fetches them from the channels' histories.

Slack repeats an event for about six minutes, then gives it up. A process that did not run or could not write for so
long has to fetch what it missed.
"""

from __future__ import annotations

import math
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta

import structlog

from bot.domain.errors import TocsinError
from bot.workers.base import Periodic

log = structlog.get_logger()

LOOK_S = 1.0
STOOD_STILL_S = 30.0  # the process was stopped or suspended, or its machine moved, while the wall clock went on
NOT_OFTENER_S = 30.0  # Slack limits how often histories may be read
FIRST_WAIT_S = 1.0  # after a call that failed, and so read nothing; then twice as long each time


class OutageMonitor:
    """Calls `fill`, which fetches missed events, at the start and once after each outage.

    A failed call is repeated soon, also that at the start.
    """

    name = "outage monitor"

    def __init__(self, fill: Callable[[], Awaitable[None]]) -> None:
        self._fill = fill
        self._missed = False
        self._fill_at = -math.inf  # not before (monotonic)
        self._wait_s = FIRST_WAIT_S
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
        self._missed, self._looked_at = True, time.time()
        try:
            await self.look()
        except TocsinError as error:
            log.warning("gap.not_filled", error=str(error), hint=f"it is tried again in {FIRST_WAIT_S:g} s")
        except Exception:
            log.exception("gap.not_filled", hint=f"it is tried again in {FIRST_WAIT_S:g} s")
        else:
            self._fill_at = -math.inf  # what is missed from now on does not wait

    async def stop(self, within_s: float) -> None:
        """Do nothing: the timer calls `look`."""
        return

    async def look(self) -> None:
        """Call `fill`, if events were missed or the process stood still since the last look."""
        still_s, self._looked_at = time.time() - self._looked_at, time.time()
        if still_s > STOOD_STILL_S:
            log.warning("gap.stood_still", for_s=round(still_s), hint="missed events are fetched from the histories")
            self._missed = True
        if not self._missed or time.monotonic() < self._fill_at:
            return
        self._missed = False
        try:
            await self._fill()
        except BaseException:
            self._missed, self._fill_at = True, time.monotonic() + self._wait_s
            self._wait_s = min(NOT_OFTENER_S, 2 * self._wait_s)
            raise
        self._fill_at, self._wait_s = time.monotonic() + NOT_OFTENER_S, FIRST_WAIT_S
