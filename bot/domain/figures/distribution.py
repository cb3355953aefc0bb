"""Computes the distribution of spans: their number, median, 75th and 95th percentile, and mean."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean


@dataclass(frozen=True, slots=True)
class Distribution:
    """A distribution of seconds. Without values, `n` is 0 and everything else None."""

    n: int
    median: float | None = None
    p75: float | None = None
    p95: float | None = None
    mean: float | None = None


def distribution(values: Iterable[float | None]) -> Distribution:
    """The distribution of the values that are known."""
    ordered = sorted(value for value in values if value is not None)
    if not ordered:
        return Distribution(0)
    return Distribution(
        len(ordered), percentile(ordered, 0.5), percentile(ordered, 0.75), percentile(ordered, 0.95), fmean(ordered)
    )


def percentile(ordered: Sequence[float], share: float) -> float:
    """The value below which this share lies, between two values in proportion. `ordered` is sorted and not empty."""
    position = (len(ordered) - 1) * share
    below = int(position)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (position - below)
