"""Gaps: times in which events may have been missed. Afterwards the histories of the channels are read, as at a start.

Slack repeats an event for about six minutes, then gives it up. A process that could not write for so long, or stood
still, has no start at which it would look.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

import structlog

from bot.workers.tasks import cancel_and_wait

log = structlog.get_logger()

LOOK_S = 1.0
STOOD_STILL_S = 30.0  # stopped, suspended, or a machine that was moved: the wall's clock went on
NOT_OFTENER_S = 30.0  # reading histories takes of what Slack allows for them


class OutageMonitor:
    """Awaits `fill` once after each gap; again, where that fails."""

    name = "outage monitor"

    def __init__(self, fill: Callable[[], Awaitable[None]]) -> None:
        self._fill = fill
        self._missed = False
        self._filled_at = -NOT_OFTENER_S
        self._watch: asyncio.Task[None] | None = None

    def missed(self) -> None:
        """An event could not be written down, and Slack was told so."""
        self._missed = True

    async def start(self) -> None:
        """Fill once: while the process did not run, everything was missed."""
        await self._fill()
        self._watch = asyncio.create_task(self._look(), name="gaps")

    async def stop(self, within_s: float) -> None:
        await cancel_and_wait(self._watch)

    async def _look(self) -> None:
        seen_at = time.time()
        while True:
            await asyncio.sleep(LOOK_S)
            if time.time() - seen_at > STOOD_STILL_S:
                log.warning("gap.stood_still", for_s=round(time.time() - seen_at), hint="what was missed is fetched")
                self._missed = True
            seen_at = time.time()
            if self._missed and time.monotonic() - self._filled_at > NOT_OFTENER_S:
                await self._try()

    async def _try(self) -> None:
        self._missed, self._filled_at = False, time.monotonic()
        try:
            await self._fill()
        except Exception:
            self._missed = True
            log.exception("gap.not_filled", hint="check the database; it is tried again")
