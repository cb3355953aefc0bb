"""The course of time of a night: the jumps of the bot's clock beside the wall, and the moments at which all was quiet.

Posts carry the wall's time, entries of timelines the bot's. In a night of days months lie between the two.
"""

from __future__ import annotations

import time
from bisect import bisect_right
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol


class Steps(Protocol):
    """A clock that can be set."""

    def step(self, seconds: float) -> None:
        """Set it forward, or back if negative."""

    def now(self) -> datetime:
        """What it says."""


@dataclass(slots=True)
class Course:
    """How far the bot's clock was ahead of the wall, from which instant of the wall on, and when all was quiet."""

    clock: Steps
    walls_s: list[float] = field(default_factory=lambda: [0.0])
    ahead_s: list[float] = field(default_factory=lambda: [0.0])
    quiet: list[datetime] = field(default_factory=list)  # on the bot's clock

    def step(self, seconds: float) -> None:
        """Set the bot's clock."""
        self.clock.step(seconds)
        self.walls_s.append(time.time())
        self.ahead_s.append(self.ahead_s[-1] + seconds)

    def go_to(self, instant: datetime) -> None:
        """Set the bot's clock to an instant."""
        self.step((instant - self.clock.now()).total_seconds())

    def at(self, wall_s: float) -> datetime:
        """What the bot's clock said at an instant of the wall."""
        return datetime.fromtimestamp(wall_s + self.ahead_s[bisect_right(self.walls_s, wall_s) - 1], UTC)

    def shortly_before(self, wall_s: float, s: float) -> list[datetime]:
        """What it said in the seconds before that: one instant, and one more for each jump in them."""
        first = bisect_right(self.walls_s, wall_s - s)
        return [self.at(wall_s), *(self.at(each - 0.001) for each in self.walls_s[first:] if each <= wall_s)]

    def wall(self, instant: datetime) -> float:
        """The first instant of the wall at which the bot's clock said that, or had jumped over it."""
        at_s = instant.timestamp()
        for place, (wall_s, ahead_s) in enumerate(zip(self.walls_s, self.ahead_s, strict=True)):
            until_s = self.walls_s[place + 1] if place + 1 < len(self.walls_s) else float("inf")
            if at_s - ahead_s < until_s:
                return max(wall_s, at_s - ahead_s)
        return float("inf")
