"""Counts the calls of one rate limit in a sliding window, and queues the callers that have to wait.

Pure: functions take `now`. A call counts from when it was answered, not from when it started, so that a slow call is
not followed too soon. A caller that has to wait learns until when, and leaves; the window keeps its place for a while.
"""

from __future__ import annotations

import itertools
import math
import sys
from collections import Counter, deque
from dataclasses import dataclass

from bot.domain.routing.notice import Priority

FAIR_S = 30.0  # the span over which incidents get equal parts, as far as they ask for them
GRACE_S = 2.0  # a caller that is later than this loses its place
LONGEST_QUEUE = 200
PROBE_S = 0.1
SLOWEST = 1 / 8
SAME_REFUSAL_S = 1.0  # refusals within this time are one
# The part of each window that a priority may use; the rest is kept for more important calls.
USABLE_PART: dict[int, float] = {Priority.EDIT: 0.9, Priority.FETCH: 0.6}


@dataclass(frozen=True, slots=True)
class Caller:
    """The maker of a call, which decides its place in the queue.

    `name` is the notice's dedup key. An empty `name` means a one-off call that is not queued for retry.
    """

    name: str = ""
    incident: int | None = None
    priority: int = Priority.PAGE
    interactive: bool = False  # a person waits for this very call: only Slack itself may hold it back


@dataclass(slots=True)
class _Waiting:
    caller: Caller
    number: int  # in order of arrival
    at: float  # when the caller asks again


class RateWindow:
    """`limit` calls within `span_s` seconds.

    Until Slack has refused something, calls may go beyond the limit step by step, since Slack may allow it:
    `probe_limit` concurrent calls at first, and one more after each that passes. 0 means never beyond the limit.
    `probe_after_s` after the limit was reached they begin: where replicas share it, what is beyond the limit of one may
    be the part of another, which gets so long to use it.
    """

    def __init__(self, limit: int, span_s: float, *, probe_limit: int = 1) -> None:
        self.limit = limit
        self.span_s = span_s
        self.blocked_until = 0.0
        self.probe_after_s = 0.0
        self._full_at = -1e9  # when the limit was reached
        self._probe_limit = probe_limit
        self._done: deque[tuple[float, int | None]] = deque()
        self._served: deque[tuple[float, int | None]] = deque()  # like `_done`, kept longer, for fairness
        self._under_way: Counter[int | None] = Counter()
        self._waiting: dict[str, _Waiting] = {}
        self._numbers = itertools.count(1)
        self._overflow_until = 0.0  # when the last caller beyond `LONGEST_QUEUE` should come back
        self._probes_allowed = probe_limit
        self._factor = 1.0
        self._slow_until = 0.0
        self._slowed_at = -SAME_REFUSAL_S
        self._started_at = -1e9

    @property
    def used(self) -> int:
        """Calls that count now: answered within the span, or still running."""
        return len(self._done) + self._under_way.total()

    def is_idle(self, now: float) -> bool:
        """Whether the window can be dropped without losing any state."""
        self._forget(now)
        return not self.used and not self._waiting and max(self.blocked_until, self._slow_until) <= now

    def free_at(self, caller: Caller, now: float, *, strict: bool) -> float:
        """When the caller's turn comes, as far as known; `now` means at once. `strict` forbids to exceed the limit."""
        self._forget(now)
        position = self._place(caller)
        at = max(now, self.blocked_until)
        room = math.ceil(self.limit * USABLE_PART.get(caller.priority, 1.0))
        if self._slow_until > now:
            room = max(1, int(room * self._factor))
            pace_s = self.span_s / (self.limit * self._factor)
            at = max(at, self._started_at + pace_s) + position * pace_s
        if self.used + position < room:
            return at
        if self._probe_limit and not strict and self._slow_until <= now:
            if now < self._full_at + self.probe_after_s:
                return max(at, self._full_at + self.probe_after_s)
            if self._under_way.total() + position < self._probes_allowed:
                return at
            crowd = math.log2(1.0 + position / max(1, self._probes_allowed))
            return max(at, now + PROBE_S * (1.0 + crowd))
        return max(at, self._slot(position, room, now))

    def enqueue(self, caller: Caller, at: float) -> float:
        """Keep the caller's place until `at`. Returns when it should ask again, which is later if the queue is full."""
        waiting = self._waiting.get(caller.name)
        if waiting is not None:
            waiting.caller, waiting.at = caller, at
        elif caller.priority <= Priority.PAGE or len(self._waiting) < LONGEST_QUEUE:
            self._waiting[caller.name] = _Waiting(caller, next(self._numbers), at)
        else:
            self._overflow_until = max(at, self._overflow_until) + self.span_s / self.limit
            return self._overflow_until
        return at

    def start(self, caller: Caller, now: float) -> None:
        """Note that a call begins: its caller leaves the queue."""
        self._waiting.pop(caller.name, None)
        if self.used < self.limit <= self.used + 1:
            self._full_at = now
        self._under_way[caller.incident] += 1
        self._started_at = now

    def finish(self, caller: Caller, now: float, *, counts: bool) -> None:
        """Note that a call ended. `counts` is False if it never reached Slack or was refused by a 429."""
        self._under_way[caller.incident] -= 1
        if self._under_way[caller.incident] <= 0:
            del self._under_way[caller.incident]
        if counts:
            self._probes_allowed = self._probes_allowed + 1 if self.used >= self.limit else self._probe_limit
            self._done.append((now, caller.incident))
            self._served.append((now, caller.incident))

    def back_off(self, now: float, wait_s: float, *, explained: bool = False) -> None:
        """Note a 429. If the limit was kept, it is lower than documented or shared: slow down for a while.

        `explained`: other replicas have tried whether Slack allows more, and from now on they will not.
        """
        self.blocked_until = max(self.blocked_until, now + wait_s)
        self._probes_allowed = self._probe_limit
        if self.used <= self.limit and not explained:
            if now >= self._slowed_at + SAME_REFUSAL_S:
                self._factor, self._slowed_at = max(SLOWEST, self._factor / 2), now
            self._slow_until = self.blocked_until + self.span_s

    def _forget(self, now: float) -> None:
        """Drop what no longer counts, and speed up again after a slow phase."""
        while self._done and self._done[0][0] + self.span_s <= now:
            self._done.popleft()
        while self._served and self._served[0][0] + max(self.span_s, FAIR_S) <= now:
            self._served.popleft()
        if 0 < self._slow_until <= now:
            self._factor = min(1.0, self._factor * 2)
            self._slow_until = now + self.span_s if self._factor < 1.0 else 0.0
        late = [name for name, waiting in self._waiting.items() if waiting.at + GRACE_S < now]
        for name in late:
            del self._waiting[name]

    def _place(self, caller: Caller) -> int:
        """The number of callers ahead: by priority, then by how seldom their incident was served, then by arrival."""
        queued = [waiting for name, waiting in self._waiting.items() if name != caller.name]
        if not queued:
            return 0
        waiting = self._waiting.get(caller.name)
        own_entry = _Waiting(caller, sys.maxsize if waiting is None else waiting.number, 0.0)
        served: Counter[int | None] = Counter(incident for _, incident in self._served)
        served.update(self._under_way)
        keys: list[tuple[int, int, int]] = []
        for waiting in sorted((*queued, own_entry), key=lambda waiting: (waiting.caller.priority, waiting.number)):
            incident = waiting.caller.incident
            key = (waiting.caller.priority, served[incident] if incident is not None else 0, waiting.number)
            served[incident] += 1
            keys.append(key)
            if waiting is own_entry:
                own = key
        return sum(key < own for key in keys)

    def _slot(self, position: int, room: int, now: float) -> float:
        """When there is room for one more after `position` others. A running call ends now at the earliest."""
        ends = [at + self.span_s for at, _ in self._done] + [now + self.span_s] * self._under_way.total()
        slots = ([now] * room + ends)[-room:]
        rounds, index = divmod(position, room)
        return slots[index] + rounds * self.span_s
