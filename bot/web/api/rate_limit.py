"""Limits the requests of each token: 600 a minute, and 100 at once."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from bot.web.api.problems import Problem

PER_MINUTE, BURST = 600, 100
MOST_TOKENS = 10_000  # whose buckets are kept


@dataclass(slots=True)
class RateLimit:
    """A token bucket for each API token, within this process: `burst` requests, refilled with `per_minute`."""

    per_minute: float = PER_MINUTE
    burst: float = BURST
    clock: Callable[[], float] = time.monotonic
    # By token: requests left, and the monotonic time of the count.
    _buckets: dict[int, tuple[float, float]] = field(default_factory=dict)

    def take(self, token: int) -> None:
        """Count a request. Raises `Problem` with `Retry-After` where the bucket is empty."""
        now, rate = self.clock(), self.per_minute / 60
        tokens_left, at = self._buckets.get(token, (self.burst, now))
        tokens_left = min(self.burst, tokens_left + (now - at) * rate)
        if tokens_left < 1:
            wait_s = max(1, math.ceil((1 - tokens_left) / rate))
            detail = f"A token has {PER_MINUTE} requests a minute. Wait {wait_s} s."
            raise Problem("too-many", detail, {"Retry-After": str(wait_s)})
        if len(self._buckets) >= MOST_TOKENS and token not in self._buckets:
            self._buckets.clear()
        self._buckets[token] = (tokens_left - 1, now)
