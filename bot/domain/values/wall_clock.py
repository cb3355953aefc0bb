"""Converts a local date and time to instants: none in an hour that is skipped, two in one that repeats."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache


@lru_cache(maxsize=8192)
def first_instant(day: date, at: time, zone: tzinfo) -> datetime:
    """The first instant, in UTC, at which the wall clock of `zone` has reached `at` on `day`.

    For a time that a change of clocks skips, it is the instant of the change.
    """
    instant = _instant(day, at, zone, fold=0)
    if _shows(instant, zone, day, at):
        return instant
    return change_of_clocks(_instant(day, at, zone, fold=1), instant, zone)


def instants(day: date, at: time, zone: tzinfo) -> tuple[datetime, ...]:
    """The instants, in UTC and in order, at which the wall clock of `zone` shows `at` on `day`: none, one or two."""
    candidates = sorted({_instant(day, at, zone, fold=0), _instant(day, at, zone, fold=1)})
    return tuple(instant for instant in candidates if _shows(instant, zone, day, at))


def _instant(day: date, at: time, zone: tzinfo, *, fold: int) -> datetime:
    return datetime.combine(day, at, zone).replace(fold=fold).astimezone(UTC)


def _shows(instant: datetime, zone: tzinfo, day: date, at: time) -> bool:
    return instant.astimezone(zone).replace(tzinfo=None) == datetime.combine(day, at)


def change_of_clocks(early: datetime, late: datetime, zone: tzinfo) -> datetime:
    """The second between `early` and `late` at which the offset becomes that of `late`."""
    target = late.astimezone(zone).utcoffset()
    low, high = 0, round((late - early).total_seconds())
    while low < high:
        middle = (low + high) // 2
        if (early + timedelta(seconds=middle)).astimezone(zone).utcoffset() == target:
            high = middle
        else:
            low = middle + 1
    return early + timedelta(seconds=low)
