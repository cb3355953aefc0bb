"""Parses and formats durations such as `10s`, `15m`, `2h`, `1d`, and business days such as `1bd`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from bot.domain.errors import Refused

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_PART = re.compile(r"(\d+(?:\.\d+)?)\s*(s|m|h|d|w)[a-z]*", re.IGNORECASE)
_WHOLE = re.compile(
    r"^(?:\d+(?:\.\d+)?\s*(?:s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?|w|weeks?)\s*)+$", re.I
)
_BUSINESS = re.compile(r"^(\d+)\s*(?:bd|business days?)$", re.IGNORECASE)
LONGEST = timedelta(days=400)
JUST_NOW = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class BusinessDays:
    """A number of whole days without Saturdays and Sundays."""

    days: int

    def __str__(self) -> str:
        return f"{self.days}bd"


Span = timedelta | BusinessDays


def parse_span(text: str) -> Span:
    """Parse `15m`, `1h30m`, `2 hours` or `1bd`. Raises `Refused` with an example."""
    cleaned = text.strip()
    if match := _BUSINESS.match(cleaned):
        digits = match[1].lstrip("0") or "0"
        if len(digits) > len(str(LONGEST.days)) or int(digits) > LONGEST.days:
            raise Refused(f"“{cleaned[:40]}” is longer than {LONGEST.days} days.", "1bd")
        return BusinessDays(int(digits))
    if not _WHOLE.match(cleaned):
        raise Refused(f"I don't understand the duration “{cleaned[:40]}”. Write 10s, 15m, 2h or 1d.", "15m")
    seconds = sum(float(number) * _UNITS[unit.lower()] for number, unit in _PART.findall(cleaned))
    if seconds > LONGEST.total_seconds():
        raise Refused(f"“{cleaned[:40]}” is longer than {LONGEST.days} days.", "1d")
    return timedelta(seconds=seconds)


def parse_duration(text: str) -> timedelta:
    """Like `parse_span`, but business days and zero are refused, too."""
    span = parse_span(text)
    if isinstance(span, BusinessDays):
        raise Refused("Business days cannot be used here. Write 10s, 15m, 2h or 1d.", "1d")
    if span <= timedelta():
        raise Refused("The duration must be longer than zero.", "15m")
    return span


def add(instant: datetime, span: Span, zone: tzinfo) -> datetime:
    """`instant` plus `span`. Business days are those of `zone`: they keep its time of day and skip its weekends."""
    if isinstance(span, timedelta):
        return instant + span
    local = instant.astimezone(zone)
    remaining, day = span.days, local.date()
    while remaining > 0:
        day += timedelta(days=1)
        if day.weekday() < 5:
            remaining -= 1
    return datetime.combine(day, local.time(), zone).astimezone(instant.tzinfo)


def exact(span: Span) -> str:
    """The shortest exact form, in whole seconds: `45s`, `15m`, `1h30m`, `2d`, `1bd`."""
    if isinstance(span, BusinessDays):
        return str(span)
    seconds = round(span.total_seconds())
    if seconds < 0:
        return "-" + exact(-span)
    parts = []
    for name, size in (("d", 86400), ("h", 3600), ("m", 60), ("s", 1)):
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count}{name}")
    return "".join(parts) or "0s"


def ago(span: timedelta) -> str:
    """The age of something, for people: `5m ago`, `just now`."""
    return f"{approximate(span)} ago" if span >= JUST_NOW else "just now"


def approximate(span: timedelta) -> str:
    """A rounded form for people: at most the two largest units, and seconds only under a minute."""
    seconds = max(0, round(span.total_seconds()))
    if seconds < 60:
        return f"{seconds}s"
    minutes = seconds // 60
    if minutes < 60:
        return f"{minutes}m"
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return f"{hours}h{minutes:02d}m" if minutes else f"{hours}h"
    days, hours = divmod(hours, 24)
    return f"{days}d{hours}h" if hours else f"{days}d"
