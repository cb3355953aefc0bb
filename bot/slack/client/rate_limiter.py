"""Decides whether a call of Slack's Web API may go out now, within its rate limits.

The limits apply to a method, a channel and the workspace. `acquire` never waits. A call that has to wait learns for how
long, and the outbox puts its notice back until then, so that no lease and no connection is held meanwhile. Slack lets
bursts pass that exceed its documented limits. So until the first 429 a limit may be exceeded step by step; for an hour
after one, not at all. See docs/decisions/0002-rate-limits.md.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from bot.domain.routing.notice import Priority
from bot.slack.client import rate_tiers
from bot.slack.client.rate_window import Caller, RateWindow

MINUTE_S = 60.0
STRICT_S = 3600.0  # after a 429
# More channels than this refused within `SOON_S` seconds mean that the limit is the workspace's.
TOO_MANY_CHANNELS = 2
SOON_S = 10.0
# From this part of a method's window on, the edits of one incident get at most `SHARE` of it; others get the rest.
SHARE_FROM, SHARE, SHARE_BURST = 0.4, 0.3, 2
LONGEST_WAIT_S = 30.0  # then the caller asks again: others may have been quicker than expected
POST_PROBE_LIMIT = 48  # Slack's “several hundred” is no exact figure, so probing beyond ours starts high
LEFT_TO_OTHERS_S = 3.0  # replicas that have work use their parts within this time
SETTLED_S = 2 * MINUTE_S  # after the first 429: what went beyond the parts has left Slack's window by then
MAX_WINDOWS = 500  # from here on, idle windows are dropped

ANONYMOUS = Caller()
_INTERACTIVE = Caller(interactive=True)
current_caller: ContextVar[Caller] = ContextVar("current_caller", default=ANONYMOUS)

_Key = tuple[str, str, int | None]


@contextmanager
def interactive() -> Iterator[None]:
    """Mark the calls within this block as those of a person who waits for them."""
    token = current_caller.set(_INTERACTIVE)
    try:
        yield
    finally:
        current_caller.reset(token)


@dataclass(slots=True)
class CallPermit:
    """Permission for one call. `release` it exactly once, when the call has ended."""

    caller: Caller
    windows: list[RateWindow]
    clock: Callable[[], float]

    def release(self, *, counts: bool) -> None:
        """End the call. `counts` is False if it does not count against the limit: not sent, or refused by a 429."""
        for window in self.windows:
            window.finish(self.caller, self.clock(), counts=counts)


class RateLimiter:
    """The rate limiter of one process. `replicas` is the number of processes that share the workspace's limits."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._windows: dict[_Key, RateWindow] = {}
        self._strict_since = self._strict_until = 0.0
        self._refused_channels: dict[str, float] = {}
        self.replicas = 1

    @property
    def strict(self) -> bool:
        """Whether Slack has answered 429 within the last hour."""
        return self._clock() < self._strict_until

    def share_among(self, replicas: int) -> None:
        """Use only this process's part of the workspace's limits. A channel's limit shows only by Slack's 429."""
        self.replicas = max(1, replicas)
        for key, window in self._windows.items():
            if key[0] == "method":
                window.limit, window.probe_after_s = self._limit(key[1]), self._probe_after(key[1])

    def acquire(self, method: str, channel: str, caller: Caller) -> CallPermit | float:
        """A permit to call now, or the seconds after which to ask again. A named caller keeps its place until then."""
        now = self._clock()
        windows = self._windows_for(method, channel, caller)
        if caller.interactive:
            times = [(window, window.blocked_until) for window in windows]
        else:
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
        """Note a 429: every call of the method (of posts: in this channel) waits `wait_s`."""
        now = self._clock()
        if not self.strict:
            self._strict_since = now
        self._strict_until = now + STRICT_S
        if method != rate_tiers.POST:
            explained = self.replicas > 1 and now < self._strict_since + SETTLED_S
            self._window("method", method).back_off(now, wait_s, explained=explained)
            return
        self._window("channel", channel).back_off(now, wait_s)
        self._refused_channels = {c: at for c, at in self._refused_channels.items() if at + SOON_S > now}
        self._refused_channels[channel] = now
        posts = self._window("method", method)
        if posts.used > posts.limit / 2 and len(self._refused_channels) > TOO_MANY_CHANNELS:
            posts.back_off(now, wait_s)

    def _windows_for(self, method: str, channel: str, caller: Caller) -> list[RateWindow]:
        """Every window into which the call has to fit; none for a method without a limit, unless it was refused."""
        if method != rate_tiers.POST and rate_tiers.per_minute(method) is None:
            refused = self._windows.get(("method", method, None))
            return [refused] if refused is not None and refused.blocked_until > self._clock() else []
        of_method = self._window("method", method)
        windows = [of_method]
        if method == rate_tiers.POST:
            windows.append(self._window("channel", channel))
        if caller.priority >= Priority.EDIT and caller.incident is not None:
            share = self._window("share", method, caller.incident)
            if of_method.used >= of_method.limit * SHARE_FROM:
                windows.append(share)
        return windows

    def _window(self, kind: str, name: str, incident: int | None = None) -> RateWindow:
        """The window of a method, of a channel, or of one incident's share of a method; created on first use."""
        key = (kind, name, incident)
        if key not in self._windows:
            if len(self._windows) >= MAX_WINDOWS:
                now = self._clock()
                self._windows = {key: window for key, window in self._windows.items() if not window.is_idle(now)}
            self._windows[key] = self._new_window(kind, name)
        return self._windows[key]

    def _new_window(self, kind: str, name: str) -> RateWindow:
        if kind == "channel":
            return RateWindow(rate_tiers.CHANNEL_BURST, rate_tiers.CHANNEL_BURST_S * MINUTE_S / 60)
        if kind == "share":
            return RateWindow(SHARE_BURST, MINUTE_S * SHARE_BURST / (SHARE * self._limit(name)), probe_limit=0)
        of_method = RateWindow(
            self._limit(name), MINUTE_S, probe_limit=POST_PROBE_LIMIT if name == rate_tiers.POST else 1
        )
        of_method.probe_after_s = self._probe_after(name)
        return of_method

    def _probe_after(self, method: str) -> float:
        """For how long this replica leaves what is beyond its part to the others, in seconds."""
        return LEFT_TO_OTHERS_S if self.replicas > 1 and method != rate_tiers.POST else 0.0

    def _limit(self, method: str) -> int:
        """This replica's part of the method's calls a minute, at least one."""
        if method == rate_tiers.POST:
            workspace = rate_tiers.POSTS_PER_MINUTE
        else:
            workspace = rate_tiers.per_minute(method) or rate_tiers.DEFAULT_LIMIT
        return max(1, workspace // self.replicas)
