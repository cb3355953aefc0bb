"""Holds the lease for work that one replica does at a time."""

from __future__ import annotations

import time
import uuid

import structlog

from bot.usecases.context import Context
from storage.lease import LEASE
from storage.rules import leases

log = structlog.get_logger()

RENEWED_AFTER_S = LEASE.total_seconds() / 3
RETRIED_AFTER_S = 5.0


class WorkerLease:
    """One process's lease on a kind of work."""

    def __init__(self, context: Context, name: str) -> None:
        self.name = name
        self.fence: int | None = None  # None: this process does not hold the lease
        self._context = context
        self._holder = uuid.uuid4().hex
        self._next_s = 0.0  # on the monotonic clock

    async def keep(self) -> bool:
        """Take or renew the lease when it is time to. True if it was just gained: then read all state again."""
        if time.monotonic() < self._next_s:
            return False
        async with self._context.database.transaction() as conn:
            fence = await leases.hold(conn, self.name, self._holder)
        gained = fence is not None and fence != self.fence
        if (fence is None) != (self.fence is None):
            log.info("lease.gained" if fence is not None else "lease.lost", work=self.name)
        self.fence = fence
        self._next_s = time.monotonic() + (RETRIED_AFTER_S if fence is None else RENEWED_AFTER_S)
        return gained

    def lose(self) -> None:
        """Note that another replica has the lease."""
        self.fence, self._next_s = None, 0.0

    async def release(self) -> None:
        """Give the lease up, so that another replica can take over at once."""
        if self.fence is not None:
            async with self._context.database.transaction() as conn:
                await leases.release(conn, self.name, self.fence)
            self.fence = None
