"""Caches an answer that is costly to compute and that anyone may request, such as metrics.

Requests at the same time share one computation.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

KEPT_FOR = 10  # times as long as the computation took, so that at most a tenth of the time is spent on it
LONGEST_S = 10.0

T = TypeVar("T")


class CachedAnswer(Generic[T]):
    """The last result of `compute`, kept for `kept_for` times as long as it took and at most `LONGEST_S`."""

    def __init__(
        self, compute: Callable[[], Awaitable[T]], kept_for: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._compute = compute
        self._kept_for = kept_for
        self._clock = clock
        self._under_way: asyncio.Task[T] | None = None
        self._fresh_until = -math.inf
        self._answer: T

    async def get(self) -> T:
        """The answer. It is computed unless the last one is fresh enough or another computation is running."""
        if self._under_way is None:
            if self._clock() < self._fresh_until:
                return self._answer
            self._under_way = asyncio.create_task(self._renew())
        return await asyncio.shield(self._under_way)

    async def _renew(self) -> T:
        try:
            started = self._clock()
            self._answer = await self._compute()
            ended = self._clock()
            self._fresh_until = ended + min(LONGEST_S, self._kept_for * (ended - started))
            return self._answer
        finally:
            self._under_way = None
