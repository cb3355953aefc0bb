"""Tasks that run beside everything else: started once, cancelled at the end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import structlog

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
        self.run()

    async def stop(self, within_s: float) -> None:
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
