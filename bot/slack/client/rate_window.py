"""One limit of Slack's: so many calls within so long, who is under way, and who comes next. Pure: `now` is given.

A call counts from when it was answered, never from when it set out: so one that was long on its way is not followed
too soon. Whoever has to wait is told until when, and goes away; this remembers for a while that they will come back.
"""

from __future__ import annotations

import itertools
import math
import sys
from collections import Counter, deque
from dataclasses import dataclass

from bot.domain.routing.notice import Priority

FAIR_S = 30.0  # over so long incidents get the same, as far as they ask for it
GRACE_S = 2.0  # who does not come back in time has lost the place
LONGEST_QUEUE = 200
PROBE_S = 0.1
SLOWEST = 1 / 8
TOGETHER_S = 1.0  # refusals that come at once are one
# The last of each window is kept for what matters more.
ROOM: dict[int, float] = {Priority.EDIT: 0.9, Priority.FETCH: 0.6}


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: a notice and its incident. Without a name, somebody waits for the answer and will not come again."""

    name: str = ""
    incident: int | None = None
    priority: int = Priority.PAGE


@dataclass(slots=True)
class _Waiting:
    turn: Caller
    number: int  # who came first
    at: float


class RateWindow:
    """`limit` calls within `span_s`. Where Slack never refused, one goes beyond it step by step, since it may allow:
    `daring` calls at once to begin with, more with each that passes; 0 for never.
    """

    def __init__(self, limit: int, span_s: float, *, probe_limit: int = 1) -> None:
        self.limit = limit
        self.span_s = span_s
        self.blocked_until = 0.0
        self._probe_limit = probe_limit
        self._done: deque[tuple[float, int | None]] = deque()
        self._served: deque[tuple[float, int | None]] = deque()  # remembered longer, for what is fair
        self._under_way: Counter[int | None] = Counter()
        self._waiting: dict[str, _Waiting] = {}
        self._numbers = itertools.count(1)
        self._beyond = 0.0
        self._probes_allowed = probe_limit
        self._factor = 1.0
        self._slow_until = 0.0
        self._slower_at = -TOGETHER_S
        self._taken_at = -1e9

    @property
    def used(self) -> int:
        return len(self._done) + self._under_way.total()

    def is_idle(self, now: float) -> bool:
        """Nothing would be forgotten with it."""
        self._forget(now)
        return not self.used and not self._waiting and max(self.blocked_until, self._slow_until) <= now

    def free_at(self, caller: Caller, now: float, *, strict: bool) -> float:
        """When it is this one's turn, as things stand: `now` if at once. `strict`: not a call above the limit."""
        self._forget(now)
        place = self._place(caller)
        at = max(now, self.blocked_until)
        room = math.ceil(self.limit * ROOM.get(caller.priority, 1.0))
        if self._slow_until > now:
            room = max(1, int(room * self._factor))
            pace_s = self.span_s / (self.limit * self._factor)
            at = max(at, self._taken_at + pace_s) + place * pace_s
        if self.used + place < room:
            return at
        if self._probe_limit and not strict and self._slow_until <= now:
            if self._under_way.total() + place < self._probes_allowed:
                return at
            crowd = math.log2(1.0 + place / max(1, self._probes_allowed))
            return max(at, now + PROBE_S * (1.0 + crowd))
        return max(at, self._slot(place, room, now))

    def enqueue(self, caller: Caller, at: float) -> float:
        """Remember that this one comes again at `at`. Gives back when it should: later, where very many wait."""
        known = self._waiting.get(caller.name)
        if known is not None:
            known.at = at
        elif caller.priority <= Priority.PAGE or len(self._waiting) < LONGEST_QUEUE:
            self._waiting[caller.name] = _Waiting(caller, next(self._numbers), at)
        else:
            self._beyond = max(at, self._beyond) + self.span_s / self.limit
            return self._beyond
        return at

    def start(self, caller: Caller, now: float) -> None:
        self._waiting.pop(caller.name, None)
        self._under_way[caller.incident] += 1
        self._taken_at = now

    def finish(self, caller: Caller, now: float, *, counts: bool) -> None:
        """The call is over; it `counts` unless it never reached Slack, or was refused for its number."""
        self._under_way[caller.incident] -= 1
        if self._under_way[caller.incident] <= 0:
            del self._under_way[caller.incident]
        if counts:
            self._probes_allowed = self._probes_allowed + 1 if self.used >= self.limit else self._probe_limit
            self._done.append((now, caller.incident))
            self._served.append((now, caller.incident))

    def back_off(self, now: float, wait_s: float) -> None:
        """Slack said 429. If it was within the limit, others use it too, or it is lower: then slower, for a while."""
        self.blocked_until = max(self.blocked_until, now + wait_s)
        self._probes_allowed = self._probe_limit
        if self.used <= self.limit:
            if now >= self._slower_at + TOGETHER_S:
                self._factor, self._slower_at = max(SLOWEST, self._factor / 2), now
            self._slow_until = self.blocked_until + self.span_s

    def _forget(self, now: float) -> None:
        while self._done and self._done[0][0] + self.span_s <= now:
            self._done.popleft()
        while self._served and self._served[0][0] + max(self.span_s, FAIR_S) <= now:
            self._served.popleft()
        if 0 < self._slow_until <= now:
            self._factor = min(1.0, self._factor * 2)
            self._slow_until = now + self.span_s if self._factor < 1.0 else 0.0
        lost = [name for name, one in self._waiting.items() if one.at + GRACE_S < now]
        for name in lost:
            del self._waiting[name]

    def _place(self, caller: Caller) -> int:
        """How many go before: by priority; then whose incident had least of late; then who has waited longest."""
        others = [one for name, one in self._waiting.items() if name != caller.name]
        if not others:
            return 0
        mine = self._waiting.get(caller.name) or _Waiting(caller, sys.maxsize, 0.0)
        had: Counter[int | None] = Counter(incident for _, incident in self._served)
        had.update(self._under_way)
        keys: list[tuple[int, int, int]] = []
        for one in sorted((*others, mine), key=lambda one: (one.turn.priority, one.number)):
            incident = one.turn.incident
            key = (one.turn.priority, had[incident] if incident is not None else 0, one.number)
            had[incident] += 1
            keys.append(key)
            if one is mine:
                own = key
        return sum(key < own for key in keys)

    def _slot(self, place: int, room: int, now: float) -> float:
        """When the window has room for one more than `place` others; what is under way ends now, at the earliest."""
        ends = [at + self.span_s for at, _ in self._done] + [now + self.span_s] * self._under_way.total()
        slots = ([now] * room + ends)[-room:]
        rounds, index = divmod(place, room)
        return slots[index] + rounds * self.span_s
