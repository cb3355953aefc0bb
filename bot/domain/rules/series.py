"""Defines the time series that Prometheus returns, and the ranges that a condition reads."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

Labels = tuple[tuple[str, str], ...]  # sorted by name, without `__name__`

TOLERANCE_S = 0.001  # instants of samples are rounded to milliseconds


@dataclass(frozen=True, slots=True)
class Series:
    """One series: instants in seconds since 1970, ascending, and the value at each. NaN is left out."""

    labels: Labels
    times: Sequence[float]
    values: Sequence[float]

    def between(self, start: float, end: float) -> Sequence[float]:
        """The values from `start` to `end`, both included."""
        first = bisect_left(self.times, start - TOLERANCE_S)
        return self.values[first : bisect_right(self.times, end + TOLERANCE_S)]

    def at(self, instant: float, within_s: float = TOLERANCE_S) -> float | None:
        """The newest value at `instant`, or up to `within_s` seconds before it; None if there is none."""
        index = bisect_right(self.times, instant + TOLERANCE_S) - 1
        if index < 0 or self.times[index] < instant - within_s - TOLERANCE_S:
            return None
        return self.values[index]


@dataclass(frozen=True, slots=True)
class Need:
    """A range of a query that a condition reads, relative to the instant of evaluation.

    With `slack_s` the range may be that of an evaluation up to so many seconds ago: it can be kept for a while.
    """

    query: str
    begins_s: float  # before the instant of evaluation
    ends_s: float  # before the instant of evaluation; 0: at it
    step_s: float
    slack_s: float = 0.0

    def span(self, at: float) -> tuple[float, float]:
        """The first and last instant to read for an evaluation at `at`; the samples are `step_s` apart."""
        aligned = at if not self.slack_s else math.floor(at / self.slack_s) * self.slack_s
        ahead = self.slack_s if self.ends_s >= self.slack_s else 0.0  # past already, so it can be read now
        end = aligned - self.ends_s + ahead
        steps = math.ceil((self.begins_s - self.ends_s + ahead) / self.step_s - 1e-9)
        return end - steps * self.step_s, end


Data = Mapping[Need, Sequence[Series]]  # what was read for each need


def labels_of(metric: Mapping[str, str]) -> Labels:
    """The labels of a series as Prometheus says them, without its name."""
    return tuple(sorted((name, value) for name, value in metric.items() if name != "__name__"))


def sampling_s(over: timedelta) -> float:
    """The interval between the samples of a span, in seconds: a quarter of a minute, less for short spans."""
    seconds = over.total_seconds()
    if seconds > 1800:
        return float(math.ceil(seconds / 120))
    return max(1.0, min(15.0, seconds / 8))
