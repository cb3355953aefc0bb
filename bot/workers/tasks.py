"""Runs work as a background task: once at the start, or each time an event wakes it."""

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
    """Cancel a background task and wait until it has stopped, so that it no longer uses the database when that closes.

    Python 3.11's `wait_for` may swallow a cancellation that arrives at the very moment it is done: then cancel again.
    """
    while task is not None and not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=CANCEL_AGAIN_S)


class BackgroundTask:
    """A service that does its work once at the start, and once for each call of `run`. Failures are logged."""

    def __init__(self, name: str, work: Callable[[], Awaitable[object]], hint: str) -> None:
        self.name = name
        self._work = work
        self._hint = hint
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Begin the work and return at once."""
        self.run()

    async def stop(self, within_s: float) -> None:
        """Cancel every run and wait until it has ended."""
        await asyncio.gather(*(cancel_and_wait(task) for task in self._tasks))

    def run(self) -> None:
        """Begin the work and return at once."""
        task = asyncio.create_task(self._run_guarded(), name=self.name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run_guarded(self) -> None:
        try:
            await self._work()
        except Exception:
            log.exception("background_task.failed", task=self.name, hint=self._hint)


class WakeableTask:
    """Does its work each time `event` is set, one run at a time. A failed run is logged; the next event tries again.

    `poll` sets the event periodically, for work that no event announces.
    """

    def __init__(self, name: str, event: asyncio.Event, work: Callable[[], Awaitable[object]], hint: str) -> None:
        self._name = name
        self._event = event
        self._work = work
        self._hint = hint
        self.stopping = False  # whether `stop` was called: a run ends as soon as it can
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin at once with the first run."""
        self.stopping = False
        self._event.set()
        self._task = asyncio.create_task(self._loop(), name=self._name)

    async def stop(self, within_s: float) -> None:
        """Let the current run end; cancel it after `within_s`."""
        self.stopping = True
        self._event.set()
        if self._task is not None:
            await asyncio.wait({self._task}, timeout=within_s)
            await cancel_and_wait(self._task)

    async def wake(self) -> None:
        """Start a run soon. Several calls before it begins start one run."""
        self._event.set()

    def poll(self, every: timedelta) -> Periodic:
        """A periodic wake-up, for work that no event announces."""
        return Periodic(f"wake the {self._name}", every, every, self.wake)

    async def _loop(self) -> None:
        while not self.stopping:
            await self._event.wait()
            self._event.clear()
            if self.stopping:
                return
            try:
                await self._work()
            except Exception:
                log.exception("worker.failed", worker=self._name, hint=self._hint)


class PolledService:
    """A service whose work a `WakeableTask` does: when its event is set, and every so often."""

    def __init__(self, loop: WakeableTask, every: timedelta) -> None:
        self._loop = loop
        self._every = every

    @property
    def periodic(self) -> Periodic:
        """The wake-up for work that no event announces: rows of other replicas, retries, and leases that end."""
        return self._loop.poll(self._every)

    async def start(self) -> None:
        """Begin at once, and return."""
        self._loop.start()

    async def stop(self, within_s: float) -> None:
        """Let the run under way end; cancel it after `within_s`. What is left is due at the next start."""
        await self._loop.stop(within_s)
