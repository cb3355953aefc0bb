"""Parses times that people write, such as `18:00`, `tomorrow 6pm`, `mon 09:00`, `25 Nov 18:00` or `in 2h`.

Parsing needs no clock; `resolve` turns the parsed expression into an instant.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from itertools import islice

from bot.domain.errors import Refused
from bot.domain.values import durations, wall_clock

LONGEST = durations.LONGEST
GRACE = timedelta(minutes=5)  # a time of day that has just passed means now, not tomorrow
SHORTEST = timedelta(minutes=1)
EXAMPLES = "18:00, tomorrow 18:00, mon 09:00, 25 Nov 18:00 or in 2h"

_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip
_DAYS_AHEAD = {"today": 0, "tonight": 0, "tomorrow": 1}
_TIMES = {"noon": time(12), "midnight": time(0)}
_FILLERS = frozenset({"at", "on", "the", "next", "this", "of"})
_CLOCK = re.compile(r"(\d{1,2})(?:[:.](\d{2}))?\s?(am|pm)?")
_ISO = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")
_DAY = re.compile(r"(\d{1,2})(?:st|nd|rd|th|\.)?")
_YEAR = re.compile(r"20\d{2}")


@dataclass(frozen=True, slots=True)
class TimeExpression:
    """A duration from now, or a time of day on a named day. Without a day it means the next occurrence."""

    after: timedelta | None = None  # from now; then nothing else is set
    at: time = time(0)
    days_ahead: int | None = None  # 0 is today
    weekday: int | None = None  # 0 is Monday
    month: int | None = None
    day: int | None = None
    year: int | None = None  # None: the next year that has `month` and `day`
    utc: bool = False  # in UTC, not in the zone of the person who wrote it


NOW = TimeExpression(after=timedelta(0))


@dataclass(frozen=True, slots=True)
class ResolvedTime:
    """The instant that a time expression means, in UTC."""

    at: datetime
    notes: tuple[str, ...] = ()  # sentences about a time that does not exist and the one taken instead


@dataclass(frozen=True, slots=True)
class ResolvedWindow:
    """Both ends of a time window, in UTC."""

    starts_at: datetime
    ends_at: datetime
    notes: tuple[str, ...] = ()  # as in `ResolvedTime`


@dataclass(frozen=True, slots=True)
class TimeWindow:
    """A beginning, and either a duration or an end."""

    begins: TimeExpression = NOW
    duration: timedelta | None = None
    until: TimeExpression | None = None

    @property
    def needs_zone(self) -> bool:
        """Whether its meaning depends on the time zone of the person who wrote it."""
        return any(expression is not None and expression.after is None for expression in (self.begins, self.until))

    def resolve(self, now: datetime, zone: tzinfo) -> ResolvedWindow:
        """Both ends. A beginning that has just passed means now. Raises `Refused` if it would end before it begins."""
        begins = resolve(self.begins, now, zone, now - GRACE)
        start = max(now, begins.at)
        if self.duration is not None:
            return ResolvedWindow(start, start + self.duration, begins.notes)
        try:
            ends = resolve(self.until or NOW, now, zone, start + SHORTEST)
        except Refused:
            ends = ResolvedTime(start)
        if ends.at <= start:
            raise Refused(" ".join((*begins.notes, *ends.notes, "It would end before it begins.")))
        return ResolvedWindow(start, ends.at, begins.notes + ends.notes)


def parse(text: str) -> TimeExpression:
    """Parse a time expression. Raises `Refused` with examples."""
    cleaned = re.sub(r"(?<=\d)t(?=\d)", " ", text.strip().lower().replace(",", " "))
    words = [word for word in cleaned.split() if word not in _FILLERS]
    if words == ["now"]:
        return NOW
    if words[:1] == ["in"] and len(words) > 1:
        return TimeExpression(after=durations.parse_duration(" ".join(words[1:])))
    utc = words[-1:] in (["utc"], ["gmt"], ["z"])
    expression = _clock_time(words[:-1] if utc else words)
    if expression is None:
        raise Refused(f"I don't understand the time “{text.strip()[:40]}”. Write {EXAMPLES}.")
    return replace(expression, utc=True) if utc else expression


def resolve(expression: TimeExpression, now: datetime, zone: tzinfo, since: datetime) -> ResolvedTime:
    """The first matching instant from `since` on. A named day is counted from `now`.

    In an hour that comes twice, both are tried; a time that a change of clocks skips means the change.
    Raises `Refused` if the named day has passed or does not exist.
    """
    if expression.after is not None:
        return ResolvedTime(now + expression.after)
    local_zone = UTC if expression.utc else zone
    for day in _days(expression, now.astimezone(local_zone).date()):
        matching = wall_clock.instants(day, expression.at, local_zone)
        for instant in matching or (wall_clock.first_instant(day, expression.at, local_zone),):
            if instant >= since:
                return ResolvedTime(
                    instant, () if matching else (_skipped_hour_note(day, expression.at, instant, local_zone),)
                )
    raise Refused("That time has passed. Write one in the future, such as tomorrow 18:00.")


def _skipped_hour_note(day: date, at: time, instant: datetime, zone: tzinfo) -> str:
    return (
        f"{at:%H:%M} does not exist on {day.day} {day:%b}: the clocks go forward. "
        f"I took {instant.astimezone(zone):%H:%M} instead."
    )


def _days(expression: TimeExpression, today: date) -> Iterator[date]:
    if expression.days_ahead is not None:
        return iter([today + timedelta(days=expression.days_ahead)])
    if expression.month is not None and expression.day is not None:
        years = (expression.year,) if expression.year else (today.year, today.year + 1)
        dates = [_date(year, expression.month, expression.day) for year in years]
        return iter([day for day in dates if day is not None])
    step = 1 if expression.weekday is None else 7
    first = today if expression.weekday is None else today + timedelta(days=(expression.weekday - today.weekday()) % 7)
    return islice((first + timedelta(days=step * count) for count in range(LONGEST.days)), 0, LONGEST.days // step)


def _clock_time(words: list[str]) -> TimeExpression | None:
    """A time of day with an optional day before or after it. None if the words are something else."""
    for split in range(len(words) + 1):
        for clock, day in ((words[:split], words[split:]), (words[split:], words[:split])):
            at = _time(" ".join(clock))
            if at is not None and (expression := _day(day, at)) is not None:
                return expression
    return None


def _time(text: str) -> time | None:
    if text in _TIMES:
        return _TIMES[text]
    match = _CLOCK.fullmatch(text)
    if match is None or not (match[2] or match[3]):
        return None
    hour, minute = int(match[1]), int(match[2] or 0)
    if match[3]:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if match[3] == "pm" else 0)
    return time(hour, minute) if hour < 24 and minute < 60 else None


def _day(words: list[str], at: time) -> TimeExpression | None:
    if not words:
        return TimeExpression(at=at)
    if len(words) == 1:
        (word,) = words
        if word in _DAYS_AHEAD:
            return TimeExpression(at=at, days_ahead=_DAYS_AHEAD[word])
        if (weekday := _position_of_name(word, _WEEKDAYS)) is not None:
            return TimeExpression(at=at, weekday=weekday)
        if match := _ISO.fullmatch(word):
            return _calendar_day(at, int(match[2]), int(match[3]), int(match[1]))
        return None
    year = int(words[-1]) if _YEAR.fullmatch(words[-1]) else None
    pair = words[:-1] if year else words
    if len(pair) != 2:
        return None
    for name, number in (pair, pair[::-1]):
        month, match = _position_of_name(name, _MONTHS), _DAY.fullmatch(number)
        if month is not None and match:
            return _calendar_day(at, month + 1, int(match[1]), year)
    return None


def _calendar_day(at: time, month: int, day: int, year: int | None) -> TimeExpression | None:
    exists = _date(year or 2000, month, day) is not None  # 2000 has a 29th of February
    return TimeExpression(at=at, month=month, day=day, year=year) if exists else None


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _position_of_name(word: str, names: tuple[str, ...]) -> int | None:
    """The position of a name that `word` abbreviates with at least three letters: `mon`, `tues`, `wednesday`."""
    return next((i for i, name in enumerate(names) if len(word) >= 3 and name.startswith(word.rstrip("."))), None)
