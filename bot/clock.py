"""The clock: domain time, which may run faster than the wall's, and the way between the two."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta


@dataclass(frozen=True, slots=True)
class Clock:
    """Domain time runs `speed` times as fast as the wall since `anchor` (epoch seconds); before it they agree."""

    anchor: float = 0.0
    speed: float = 1.0

    def now(self) -> datetime:
        return self.at(time.time())

    def at(self, wall_s: float) -> datetime:
        """The domain instant of a wall instant, such as a Slack `ts`. Raises `ValueError` for one no calendar has."""
        try:
            return datetime.fromtimestamp(self._stretch(wall_s), UTC)
        except (OverflowError, OSError) as error:  # which of them is the system's to say
            raise ValueError(f"{wall_s} is no instant") from error

    def wall(self, instant: datetime) -> float:
        """Epoch seconds on the wall at which the domain clock shows `instant`."""
        moment = instant.timestamp()
        return moment if moment <= self.anchor else self.anchor + (moment - self.anchor) / self.speed

    def wall_seconds(self, span: timedelta) -> float:
        return span.total_seconds() / self.speed

    def _stretch(self, wall_s: float) -> float:
        return wall_s if wall_s <= self.anchor else self.anchor + (wall_s - self.anchor) * self.speed
