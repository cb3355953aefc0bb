"""Converts between real time and domain time, which `--speed` makes faster than real time."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta


@dataclass(frozen=True, slots=True)
class Clock:
    """Domain time, `speed` times as fast as real time since `anchor` (epoch seconds). Before, both are equal."""

    anchor: float = 0.0
    speed: float = 1.0

    def now(self) -> datetime:
        """The present domain instant, aware, in UTC."""
        return self.at(time.time())

    def at(self, wall_s: float) -> datetime:
        """The domain's instant at a real time in epoch seconds, such as a Slack `ts`. Raises `ValueError`."""
        try:
            return datetime.fromtimestamp(self._stretch(wall_s), UTC)
        except (OverflowError, OSError) as error:  # the platform decides which
            raise ValueError(f"{wall_s} is not an instant") from error

    def wall(self, instant: datetime) -> float:
        """The real time, in epoch seconds, at which the domain clock shows `instant`."""
        moment = instant.timestamp()
        return moment if moment <= self.anchor else self.anchor + (moment - self.anchor) / self.speed

    def wall_seconds(self, span: timedelta) -> float:
        """Real seconds that a span of domain time takes."""
        return span.total_seconds() / self.speed

    def _stretch(self, wall_s: float) -> float:
        return wall_s if wall_s <= self.anchor else self.anchor + (wall_s - self.anchor) * self.speed
