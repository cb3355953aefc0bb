"""Imposes Slack's rate limits on the bot in the sandbox: calls a minute by tier, and posts by channel."""

import math
from collections import deque

from sandbox.clock import Clock

PER_MINUTE = {"t1": 1, "t2": 20, "t3": 50, "t4": 100}
POSTS_BURST = 3  # "short bursts" over one a second are allowed
POSTS_PER_MINUTE = 300  # "several hundred" in the workspace
POST = "chat.postMessage"


class Rates:
    """Counts calls by method and posts by channel while `on`. Tests may shorten the minute (`minute_s`)."""

    def __init__(self, clock: Clock, *, on: bool) -> None:
        self.clock = clock
        self.on = on
        self.minute_s = 60.0
        self._calls: dict[str, deque[float]] = {}
        self._posts: dict[str, tuple[float, float]] = {}

    def retry_after(self, method: str, tier: str, channel: str | None) -> int | None:
        """Return the seconds to wait if this call exceeds a limit; otherwise count it and return `None`."""
        if not self.on:
            return None
        now = self.clock.now()
        limit = POSTS_PER_MINUTE if method == POST else PER_MINUTE.get(tier)
        if limit is None:
            return None
        calls = self._calls.setdefault(method, deque())
        while calls and calls[0] <= now - self.minute_s:
            calls.popleft()
        if len(calls) >= limit:
            return max(1, math.ceil(calls[0] + self.minute_s - now))
        if method == POST and (wait_s := self._post(channel or "", now)) is not None:
            return wait_s
        calls.append(now)
        return None

    def _post(self, channel: str, now: float) -> int | None:
        second_s = self.minute_s / 60
        tokens, refilled_at = self._posts.get(channel, (float(POSTS_BURST), now))
        tokens = min(float(POSTS_BURST), tokens + (now - refilled_at) / second_s)
        if tokens < 1:
            self._posts[channel] = (tokens, now)
            return max(1, math.ceil((1 - tokens) * second_s))
        self._posts[channel] = (tokens - 1, now)
        return None
