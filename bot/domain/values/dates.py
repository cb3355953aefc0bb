"""Parses days that people write for something that is due, such as `friday`, `4 Dec`, `in 2 weeks` or `2026-12-04`.

Parsing needs no clock; `resolve` turns the parsed day into a date.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from bot.domain.errors import Refused

EXAMPLES = "friday, tomorrow, 4 Dec, in 2 weeks or 2026-12-04"
FURTHEST_DAYS = 1000
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip
_FILLERS = frozenset({"on", "the", "of", "this", "next", "end", "by", "day"})
_ISO = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")
_IN = re.compile(r"(?:in )?(\d{1,3}|a|an|one|two|three) ?(d|days?|w|weeks?|months?|bd|business days?)")
_NUMBERS = {"a": 1, "an": 1, "one": 1, "two": 2, "three": 3}
_NUMBER = re.compile(r"(\d{1,2})(?:st|nd|rd|th|\.)?")
_YEAR = re.compile(r"20\d{2}")


class Unit(StrEnum):
    """The unit of a relative day."""

    DAYS = "days"
    BUSINESS_DAYS = "business days"
    WEEKS = "weeks"
    MONTHS = "months"
    WEEKDAY = "weekday"  # `count` is the weekday, 0 for Monday; `extra` weeks later
    END_OF_WEEK = "end of week"  # the Friday; `count` weeks later
    END_OF_MONTH = "end of month"  # `count` months later


@dataclass(frozen=True, slots=True)
class DayExpression:
    """A calendar day, or a day counted from today."""

    unit: Unit | None = None  # None: a calendar day
    count: int = 0
    extra: int = 0
    month: int = 0
    day: int = 0
    year: int | None = None  # None: the next year that has the day ahead

    def resolve(self, today: date) -> date:
        """The date that is meant, never before today. Raises `Refused` for a day that has passed or does not exist."""
        day = self._calendar(today) if self.unit is None else self._relative(today)
        if day is None:
            raise Refused(f"There is no such day. Write {EXAMPLES}.")
        if day < today:
            raise Refused(f"{day:%-d %b %Y} has passed. Write a day ahead: {EXAMPLES}.")
        if (day - today).days > FURTHEST_DAYS:
            raise Refused(f"{day:%-d %b %Y} is too far ahead. Write {EXAMPLES}.")
        return day

    def _relative(self, today: date) -> date | None:
        match self.unit:
            case Unit.DAYS:
                return today + timedelta(days=self.count)
            case Unit.WEEKS:
                return today + timedelta(weeks=self.count)
            case Unit.BUSINESS_DAYS:
                return business_days_after(today, self.count)
            case Unit.MONTHS:
                return _month_later(today, self.count)
            case Unit.WEEKDAY:
                return today + timedelta(days=(self.count - today.weekday()) % 7, weeks=self.extra)
            case Unit.END_OF_WEEK:
                monday = today - timedelta(days=today.weekday())
                friday = monday + timedelta(days=4, weeks=self.count)
                return friday if friday >= today else friday + timedelta(weeks=1)
        first = _month_later(today.replace(day=1), self.count + 1)
        return first - timedelta(days=1)

    def _calendar(self, today: date) -> date | None:
        years = (self.year,) if self.year else range(today.year, today.year + 9)  # a 29th of February
        dates = [candidate for year in years if (candidate := _date(year, self.month, self.day))]
        return next((day for day in dates if day >= today), dates[0] if dates and self.year else None)


def parse_day(text: str) -> DayExpression | None:
    """The day that the words name; None if they name none."""
    words = text.strip().lower().replace(",", " ").split()
    joined = " ".join(words)
    if (fixed := _FIXED.get(joined.replace("the ", ""))) is not None:
        return fixed
    if match := _IN.fullmatch(joined):
        count = _NUMBERS.get(match[1]) or int(match[1])
        unit = match[2]
        kinds = {"d": Unit.DAYS, "w": Unit.WEEKS, "m": Unit.MONTHS, "b": Unit.BUSINESS_DAYS}
        return DayExpression(kinds[unit[0]], count)
    remaining = [word for word in words if word not in _FILLERS]
    if len(remaining) == 1:
        return _one_word(remaining[0], following="next" in words)
    return _month_and_day(remaining)


def required_day(text: str) -> DayExpression:
    """The day that the words name. Raises `Refused` with examples if they name none."""
    parsed = parse_day(text)
    if parsed is None:
        raise Refused(f"I don't understand the day “{text.strip()[:40]}”. Write {EXAMPLES}.")
    return parsed


def business_days_after(day: date, count: int) -> date:
    """The day `count` working days later, or earlier if `count` is negative. Saturdays and Sundays do not count."""
    step = timedelta(days=1 if count > 0 else -1)
    for _ in range(abs(count)):
        day += step
        while day.weekday() >= 5:
            day += step
    return day


def on_business_day(day: date) -> date:
    """The day itself, or the Monday after it where it is on a weekend."""
    return day + timedelta(days=7 - day.weekday()) if day.weekday() >= 5 else day


def _one_word(word: str, *, following: bool) -> DayExpression | None:
    weekday = next((i for i, name in enumerate(WEEKDAYS) if len(word) >= 3 and name.startswith(word.rstrip("."))), None)
    if weekday is not None:
        return DayExpression(Unit.WEEKDAY, weekday, extra=0 if not following else 1)
    if match := _ISO.fullmatch(word):
        return _existing(int(match[2]), int(match[3]), int(match[1]))
    return None


def _month_and_day(words: list[str]) -> DayExpression | None:
    year = int(words[-1]) if words and _YEAR.fullmatch(words[-1]) else None
    pair = words[:-1] if year else words
    if len(pair) != 2:
        return None
    for name, number in (pair, pair[::-1]):
        month = next(
            (i for i, month_name in enumerate(MONTHS, 1) if len(name) >= 3 and month_name.startswith(name.rstrip("."))),
            0,
        )
        if month and (match := _NUMBER.fullmatch(number)):
            return _existing(month, int(match[1]), year)
    return None


def _existing(month: int, day: int, year: int | None) -> DayExpression | None:
    exists = _date(year or 2000, month, day) is not None  # 2000 has a 29th of February
    return DayExpression(month=month, day=day, year=year) if exists else None


def _month_later(day: date, months: int) -> date:
    """The same day of a later month, or its last day where that month is shorter."""
    index = day.month - 1 + months
    year, month = day.year + index // 12, index % 12 + 1
    return next(candidate for number in range(day.day, 0, -1) if (candidate := _date(year, month, number)))


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


_FIXED: dict[str, DayExpression] = {
    "today": DayExpression(Unit.DAYS),
    "tonight": DayExpression(Unit.DAYS),
    "eod": DayExpression(Unit.DAYS),
    "end of day": DayExpression(Unit.DAYS),
    "tomorrow": DayExpression(Unit.DAYS, 1),
    "day after tomorrow": DayExpression(Unit.DAYS, 2),
    "next week": DayExpression(Unit.END_OF_WEEK, 1),
    "end of next week": DayExpression(Unit.END_OF_WEEK, 1),
    "this week": DayExpression(Unit.END_OF_WEEK),
    "end of week": DayExpression(Unit.END_OF_WEEK),
    "eow": DayExpression(Unit.END_OF_WEEK),
    "end of this week": DayExpression(Unit.END_OF_WEEK),
    "this month": DayExpression(Unit.END_OF_MONTH),
    "end of month": DayExpression(Unit.END_OF_MONTH),
    "eom": DayExpression(Unit.END_OF_MONTH),
    "next month": DayExpression(Unit.END_OF_MONTH, 1),
    "end of next month": DayExpression(Unit.END_OF_MONTH, 1),
}
