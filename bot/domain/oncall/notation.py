"""Parses the handoffs (`mon 09:00`) and hours (`09:00-17:00 mon-fri`) in the policy's on-call schedules."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, time
from functools import lru_cache

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DEFAULT_HANDOFF = {"hourly": "09:00", "daily": "09:00", "weekly": "mon 09:00", "monthly": "1 09:00"}  # by rotation
MINUTES_PER_DAY = 24 * 60
MINUTES_PER_WEEK = 7 * MINUTES_PER_DAY

_LONG_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_TIME = r"([01]?\d|2[0-3]):([0-5]\d)"
_HOURS = re.compile(rf"^{_TIME}\s*-\s*({_TIME}|24:00)(?:\s+(.+))?$")
_SPAN = re.compile(rf"^([a-z]+)\s+{_TIME}\s*-\s*([a-z]+)\s+({_TIME}|24:00)$")
_HANDOFF = re.compile(rf"^(?:(\S+)\s+)?{_TIME}$")


@dataclass(frozen=True, slots=True)
class Handoff:
    """When the next person in a rotation takes over."""

    day: int | None  # weekly: a weekday, 0 is Monday; monthly: a day of the month; else None
    at: time


@dataclass(frozen=True, slots=True)
class HoursWindow:
    """Hours of the day, in minutes since midnight. They pass midnight if `end` is not after `start`."""

    days: frozenset[int]  # weekdays on which it begins, 0 is Monday
    start: int
    end: int

    def contains(self, local: datetime) -> bool:
        """Whether the wall-clock time `local` lies in the window."""
        minute, today = local.hour * 60 + local.minute, local.weekday()
        if self.start < self.end:
            return today in self.days and self.start <= minute < self.end
        yesterday = (today - 1) % 7
        return (today in self.days and minute >= self.start) or (yesterday in self.days and minute < self.end)


@dataclass(frozen=True, slots=True)
class WeekWindow:
    """One unbroken part of the week, in minutes since Monday 00:00. It passes Sunday if `end` is not after `start`."""

    start: int
    end: int

    def contains(self, local: datetime) -> bool:
        """Whether the wall-clock time `local` lies in the window."""
        minute = local.weekday() * MINUTES_PER_DAY + local.hour * 60 + local.minute
        if self.start < self.end:
            return self.start <= minute < self.end
        return minute >= self.start or minute < self.end


def parse_handoff(rotation: str, text: str) -> Handoff:
    """Parse `09:00` (hourly, daily), `mon 09:00` (weekly) or `1 09:00` (monthly).

    Raises `ValueError` with the right form.
    """
    match = _HANDOFF.match(text.strip().lower())
    form = f"{'An' if rotation == 'hourly' else 'A'} {rotation} handoff looks like {DEFAULT_HANDOFF[rotation]}."
    if match is None:
        raise ValueError(form)
    day, at = match[1], time(int(match[2]), int(match[3]))
    if rotation in ("hourly", "daily") and day is None:
        return Handoff(None, at)
    if rotation == "weekly" and day is not None and _weekday(day) is not None:
        return Handoff(_weekday(day), at)
    if rotation == "monthly" and day is not None and day.isdigit() and 1 <= int(day) <= 31:
        return Handoff(int(day), at)
    raise ValueError(form)


@lru_cache(maxsize=1024)
def parse_hours(text: str) -> tuple[HoursWindow | WeekWindow, ...]:
    """Parse `09:00-17:00 mon-fri`, `17:00-09:00`, `sat,sun` or `fri 17:00-mon 09:00`; several joined by `;`.

    Raises `ValueError`.
    """
    return tuple(_window(part.strip().lower()) for part in text.split(";"))


def _window(text: str) -> HoursWindow | WeekWindow:
    example = "Write them as 09:00-17:00 mon-fri, or mon 09:00-fri 17:00."
    if span := _SPAN.match(text):
        return _week_window(span, example)
    match = _HOURS.match(text)
    if match is None:
        if ":" in text or not text:
            raise ValueError(example)
        return HoursWindow(_days(text, example), 0, MINUTES_PER_DAY)
    start = int(match[1]) * 60 + int(match[2])
    end = MINUTES_PER_DAY if match[3] == "24:00" else int(match[4]) * 60 + int(match[5])
    if start == end:
        raise ValueError("They end when they begin; the whole day is 00:00-24:00.")
    return HoursWindow(_days(match[6], example) if match[6] else frozenset(range(7)), start, end)


def _week_window(match: re.Match[str], example: str) -> WeekWindow:
    first, last = _weekday(match[1]), _weekday(match[4])
    if first is None or last is None:
        raise ValueError(f"“{match[4] if last is None else match[1]}” is not a day of the week. {example}")
    start = first * MINUTES_PER_DAY + int(match[2]) * 60 + int(match[3])
    minutes = MINUTES_PER_DAY if match[5] == "24:00" else int(match[6]) * 60 + int(match[7])
    end = (last * MINUTES_PER_DAY + minutes) % MINUTES_PER_WEEK
    if start == end:
        raise ValueError("They end when they begin; leave `hours` out for the whole week.")
    return WeekWindow(start, end)


def _days(text: str, example: str) -> frozenset[int]:
    days: set[int] = set()
    for part in re.split(r"[,\s]+", text.strip()):
        first, dash, last = part.partition("-")
        begin = _weekday(first)
        end = _weekday(last) if dash else begin
        if begin is None or end is None:
            raise ValueError(f"“{part}” is not a day of the week. {example}")
        days |= {(begin + step) % 7 for step in range((end - begin) % 7 + 1)}
    return frozenset(days)


def _weekday(word: str) -> int | None:
    """The number of a weekday, 0 for `mon` or `monday`; None for other words."""
    return next((number for number in range(7) if word in (WEEKDAYS[number], _LONG_WEEKDAYS[number])), None)
