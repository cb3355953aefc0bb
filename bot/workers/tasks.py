"""Tasks that run beside everything else: once at the start, or whenever something wakes them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import structlog

from bot.workers.base import Periodic

log = structlog.get_logger()

CANCEL_AGAIN_S = 1.0


async def cancel_and_wait(task: asyncio.Task[Any] | None) -> None:
    """Cancel a background task and wait until it has stopped, so that it is not in the database when that closes.

    Python 3.11's `wait_for` may swallow a cancellation that arrives at the very moment it is done: then cancel again.
    """
    while task is not None and not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=CANCEL_AGAIN_S)


class BackgroundTask:
    """Service that does its work once at the start, and once more for each call of `run`. Failures are logged."""

    def __init__(self, name: str, work: Callable[[], Awaitable[object]], hint: str) -> None:
        self.name = name
        self._work = work
        self._hint = hint
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Begin and return at once."""
        self.run()

    async def stop(self, within_s: float) -> None:
        """Cancel every run and wait until it has ended."""
        await asyncio.gather(*(cancel_and_wait(task) for task in self._tasks))

    def run(self) -> None:
        """Begin and return at once."""
        task = asyncio.create_task(self._guarded(), name=self.name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _guarded(self) -> None:
        try:
            await self._work()
        except Exception:
            log.exception("background_task.failed", task=self.name, hint=self._hint)


class WakeableTask:
    """Does its work each time `event` is set, one run at a time. A failed run is logged; the next event tries again.

    `poll` sets the event periodically, for what nothing in this process announces.
    """

    def __init__(self, name: str, event: asyncio.Event, work: Callable[[], Awaitable[object]], hint: str) -> None:
        self._name = name
        self._event = event
        self._work = work
        self._hint = hint
        self._stopping = False
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """The first run begins at once."""
        self._stopping = False
        self._event.set()
        self._task = asyncio.create_task(self._loop(), name=self._name)

    async def stop(self, within_s: float) -> None:
        """Let the run under way end; cancel it after `within_s`."""
        self._stopping = True
        self._event.set()
        if self._task is not None:
            await asyncio.wait({self._task}, timeout=within_s)
            await cancel_and_wait(self._task)

    async def wake(self) -> None:
        """Run the work soon; several wake-ups before it begins are one."""
        self._event.set()

    def poll(self, every: timedelta) -> Periodic:
        """A periodic wake-up, for work that appears without one."""
        return Periodic(f"wake the {self._name}", every, every, self.wake)

    async def _loop(self) -> None:
        while not self._stopping:
            await self._event.wait()
            self._event.clear()
            if self._stopping:
                return
            try:
                await self._work()
            except Exception:
                log.exception("worker.failed", worker=self._name, hint=self._hint)
