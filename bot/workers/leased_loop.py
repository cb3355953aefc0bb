"""Repeats work that one replica does at a time, until it is stopped."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from bot.usecases.rules.save import LeaseLost
from bot.workers.tasks import cancel_and_wait
from bot.workers.worker_lease import WorkerLease
from storage.engine.errors import StorageError

log = structlog.get_logger()


class LeasedLoop:
    """A loop that survives every error. `forget` drops what this replica knew once another one has the lease.

    Failures are logged as `event`, such as `rules.failed`.
    """

    def __init__(
        self, name: str, lease: WorkerLease, work: Callable[[], Awaitable[None]], forget: Callable[[], None], event: str
    ) -> None:
        self._name = name
        self._lease = lease
        self._work = work
        self._forget = forget
        self._event = event
        self._task: asyncio.Task[None] | None = None

    def start(self, idle_s: float, retried_after_s: float) -> None:
        """Begin, and return at once. Runs are `idle_s` seconds apart, and `retried_after_s` more after a failure."""
        self._task = asyncio.create_task(self._loop(idle_s, retried_after_s), name=self._name)

    async def stop(self) -> bool:
        """Cancel the loop and wait until it has ended. Returns whether it was started."""
        await cancel_and_wait(self._task)
        return self._task is not None

    async def _loop(self, idle_s: float, retried_after_s: float) -> None:
        while True:
            try:
                await self._work()
            except LeaseLost:
                self._lease.lose()
                self._forget()
            except StorageError as error:
                log.warning(self._event, error=str(error), hint="check the database; it is tried again")
                await asyncio.sleep(retried_after_s)
            except Exception:
                log.exception(self._event, hint="it is tried again")
                await asyncio.sleep(retried_after_s)
            await asyncio.sleep(idle_s)
