"""Slack's rate tiers, a minute at a time, and the one-message-a-second rule of a channel."""

import math
from collections import deque

from sandbox.clock import Clock

PER_MINUTE = {"t1": 1, "t2": 20, "t3": 50, "t4": 100}
POSTS_BURST = 3  # "short bursts" over one a second are allowed


class Rates:
    """Counts calls by method, and posts by channel, while switched on."""

    def __init__(self, clock: Clock, *, on: bool) -> None:
        self.clock = clock
        self.on = on
        self._calls: dict[str, deque[float]] = {}
        self._posts: dict[str, tuple[float, float]] = {}

    def retry_after(self, method: str, tier: str, channel: str | None) -> int | None:
        """Seconds to wait when this call is one too many; `None` lets it pass and counts it."""
        if not self.on:
            return None
        now = self.clock.now()
        if method == "chat.postMessage":
            return self._post(channel or "", now)
        limit = PER_MINUTE.get(tier)
        if limit is None:
            return None
        calls = self._calls.setdefault(method, deque())
        while calls and calls[0] <= now - 60:
            calls.popleft()
        if len(calls) >= limit:
            return max(1, math.ceil(calls[0] + 60 - now))
        calls.append(now)
        return None

    def _post(self, channel: str, now: float) -> int | None:
        tokens, seen = self._posts.get(channel, (float(POSTS_BURST), now))
        tokens = min(float(POSTS_BURST), tokens + (now - seen))
        if tokens < 1:
            self._posts[channel] = (tokens, now)
            return max(1, math.ceil(1 - tokens))
        self._posts[channel] = (tokens - 1, now)
        return None
