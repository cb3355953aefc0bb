"""Holds background work back while something more urgent is under way."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager


class ForegroundGate:
    """Counts the running requests that a person waits for.

    Without it, thirty concurrent declares took 1.4 s on PostgreSQL while the outbox ran.
    """

    def __init__(self) -> None:
        self._waiting = 0
        self._over = asyncio.Event()
        self._over.set()

    @contextmanager
    def foreground(self) -> Iterator[None]:
        """Count a request as running until this block ends."""
        self._waiting += 1
        self._over.clear()
        try:
            yield
        finally:
            self._waiting -= 1
            if not self._waiting:
                self._over.set()

    async def yield_to_foreground(self, at_most_s: float) -> None:
        """Wait until no request is under way, but at most this long."""
        if self._waiting:
            try:
                await asyncio.wait_for(self._over.wait(), at_most_s)
            except TimeoutError:
                return


class LapsedBacklog:
    """Whether more deadlines have lapsed than are decided in one batch, so that more reminders are about to come.

    Until all are decided, the outbox begins nothing that is less urgent than a reminder, and the search index waits.
    """

    def __init__(self) -> None:
        self.is_long = False

    @contextmanager
    def deciding(self, *, is_long: bool) -> Iterator[None]:
        """Decide lapsed deadlines within this block."""
        self.is_long = is_long
        try:
            yield
        finally:
            self.is_long = False
