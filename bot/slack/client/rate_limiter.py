"""The one limiter for Slack: every call asks here first, by method, channel and workspace.

Nobody waits in here. Whoever cannot go yet is told when, and the outbox puts the row back until then: so no lease and
no connection is held meanwhile. What Slack documents is a promise, beyond which it lets bursts pass: until it first
refuses something (429) a window may be exceeded step by step; for an hour after that, no further than documented.
docs/decisions/0002-rates.md
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass

from bot.domain.routing.notice import Priority
from bot.slack.client import rate_tiers
from bot.slack.client.rate_window import Caller, RateWindow

MINUTE_S = 60.0
STRICT_S = 3600.0
TOO_MANY_CHANNELS = 2  # refused within `SOON_S`: then it is the workspace's limit
SOON_S = 10.0
# Once `FREE` of a method's window is used, edits of one incident get at most `SHARE` of it: the rest is for others.
SHARE_FROM, SHARE, SHARE_BURST = 0.4, 0.3, 2
LONGEST_WAIT_S = 30.0  # then it is asked again: others may have been quicker than it seemed
POST_PROBE_LIMIT = 48  # “several hundred” is no exact figure, so beyond ours there is no feeling one's way
MAX_WINDOWS = 500  # windows, before those in which nothing happens are let go

ANONYMOUS = Caller()
current_caller: ContextVar[Caller] = ContextVar("asking", default=ANONYMOUS)

_Key = tuple[str, str, int | None]


@dataclass(slots=True)
class CallPermit:
    """A call under way; `end` it once. `counts` is False where it never reached Slack."""

    caller: Caller
    windows: list[RateWindow]
    clock: Callable[[], float]

    def release(self, *, counts: bool) -> None:
        for window in self.windows:
            window.finish(self.caller, self.clock(), counts=counts)


class RateLimiter:
    """`go` gives leave for a call, or the seconds after which to ask again. One for the process."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._windows: dict[_Key, RateWindow] = {}
        self._strict_until = 0.0
        self._refused_channels: dict[str, float] = {}
        self.replicas = 1

    @property
    def strict(self) -> bool:
        """Slack has refused something within the hour."""
        return self._clock() < self._strict_until

    def share_among(self, replicas: int) -> None:
        """Each of several processes keeps to its part of the workspace's limits; a channel's they find out by 429."""
        self.replicas = max(1, replicas)
        for key, window in self._windows.items():
            if key[0] == "method":
                window.limit = self._limit(key[1])

    def acquire(self, method: str, channel: str, caller: Caller) -> CallPermit | float:
        """Leave to call now, or the seconds until it is this one's turn. Whoever was told so keeps their place."""
        now = self._clock()
        windows = self._windows_for(method, channel, caller)
        times = [(window, window.free_at(caller, now, strict=self.strict)) for window in windows]
        at = max((free_at for _, free_at in times), default=now)
        if at <= now:
            for window in windows:
                window.start(caller, now)
            return CallPermit(caller, windows, self._clock)
        if caller.name:
            at = max(window.enqueue(caller, at) for window, free_at in times if free_at > now)
        return min(at - now, LONGEST_WAIT_S)

    def back_off(self, method: str, channel: str, wait_s: float) -> None:
        """Slack said 429. From now on this method, in this channel, waits for so long, whoever asks."""
        now = self._clock()
        self._strict_until = now + STRICT_S
        if method != rate_tiers.POST:
            self._window("method", method).back_off(now, wait_s)
            return
        self._window("channel", channel).back_off(now, wait_s)
        self._refused_channels = {c: at for c, at in self._refused_channels.items() if at + SOON_S > now}
        self._refused_channels[channel] = now
        posts = self._window("method", method)
        if posts.used > posts.limit / 2 and len(self._refused_channels) > TOO_MANY_CHANNELS:
            posts.back_off(now, wait_s)

    def _windows_for(self, method: str, channel: str, caller: Caller) -> list[RateWindow]:
        if method != rate_tiers.POST and rate_tiers.per_minute(method) is None:
            return []
        found = [self._window("method", method)]
        if method == rate_tiers.POST:
            found.append(self._window("channel", channel))
        if caller.priority >= Priority.EDIT and caller.incident is not None:
            shared, own = found[0], self._window("share", method, caller.incident)
            if shared.used >= shared.limit * SHARE_FROM:
                found.append(own)
        return found

    def _window(self, kind: str, what: str, incident: int | None = None) -> RateWindow:
        key = (kind, what, incident)
        if key not in self._windows:
            if len(self._windows) >= MAX_WINDOWS:
                now = self._clock()
                self._windows = {key: window for key, window in self._windows.items() if not window.is_idle(now)}
            self._windows[key] = self._new_window(kind, what)
        return self._windows[key]

    def _new_window(self, kind: str, what: str) -> RateWindow:
        if kind == "channel":
            return RateWindow(rate_tiers.CHANNEL_BURST, rate_tiers.CHANNEL_BURST_S * MINUTE_S / 60)
        if kind == "share":
            return RateWindow(SHARE_BURST, MINUTE_S * SHARE_BURST / (SHARE * self._limit(what)), probe_limit=0)
        return RateWindow(self._limit(what), MINUTE_S, probe_limit=POST_PROBE_LIMIT if what == rate_tiers.POST else 1)

    def _limit(self, method: str) -> int:
        whole = (
            rate_tiers.POSTS_PER_MINUTE
            if method == rate_tiers.POST
            else rate_tiers.per_minute(method) or rate_tiers.DEFAULT_LIMIT
        )
        return max(1, whole // self.replicas)
