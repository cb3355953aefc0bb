"""Holds reminders that are claimed ahead, so that a burst of them is claimed by the dozen instead of one by one."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from datetime import timedelta

from bot.domain.routing.notice import NoticeKind, Priority
from storage.database import Database
from storage.lease import LEASE
from storage.outbox import queue
from storage.outbox.queue import ClaimedNotice

# Only reminders come in such bursts. What is claimed ahead waits for its lease when the process is killed, so nothing
# more urgent may be; and it is looked for in Slack before it is sent again, so there may not be many.
KINDS = frozenset({NoticeKind.NUDGE})
PRIORITY = Priority.NUDGE
MOST = 96
REFILLED_AT = 48
RENEWED_BEFORE_S = LEASE.total_seconds() / 2  # the end of the lease


class ClaimBuffer:
    """Claimed reminders that wait for a free place, in the order of their claims."""

    def __init__(self) -> None:
        self._rows: deque[ClaimedNotice] = deque()

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def room(self) -> int:
        """The number of notices to claim now: none while there are enough."""
        return MOST - len(self._rows) if len(self._rows) <= REFILLED_AT else 0

    def add(self, rows: Sequence[ClaimedNotice]) -> None:
        """Keep these until their turn."""
        self._rows.extend(rows)

    def take(self) -> ClaimedNotice | None:
        """The next one. One whose lease has ended is left to its next claim."""
        while self._rows:
            row = self._rows.popleft()
            if row.lease_ends_monotonic > time.monotonic():
                return row
        return None

    async def renew(self, database: Database) -> None:
        """Extend the leases where one ends soon. What another process has claimed meanwhile is given up."""
        if not self._rows or self._rows[0].lease_ends_monotonic - time.monotonic() > RENEWED_BEFORE_S:
            return
        rows, self._rows = list(self._rows), deque()
        async with database.transaction() as conn:
            renewed_rows = await queue.renew(conn, rows)
        self._rows.extendleft(reversed(renewed_rows))

    async def release(self, database: Database) -> None:
        """Queue all of them again, as not tried."""
        rows, self._rows = list(self._rows), deque()
        if rows:
            async with database.transaction() as conn:
                for row in rows:
                    await queue.requeue(conn, row, timedelta(0), "claimed, and not tried before the process ended")


class SpacedLooks:
    """Spaces the looks for something more urgent while the buffer is full: each is a query, and each send asks for one.

    `wake` is called when a postponed look is due.
    """

    def __init__(self, every_s: float, wake: Callable[[], None]) -> None:
        self._every_s = every_s
        self._wake = wake
        self._next_at = 0.0  # monotonic
        self._arranged = False

    def postponed(self) -> bool:
        """Whether the last look was so recent that this one waits. Otherwise it counts as done now."""
        now = time.monotonic()
        if now >= self._next_at:
            self._next_at, self._arranged = now + self._every_s, False
            return False
        if not self._arranged:
            self._arranged = True
            asyncio.get_running_loop().call_later(self._next_at - now, self._wake)
        return True
