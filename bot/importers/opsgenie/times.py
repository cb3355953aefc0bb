"""Turns Opsgenie's rotations and time restrictions into the policy's notation.

https://docs.opsgenie.com/docs/schedule-rotation-api#time-restriction: `time-of-day` has one `restriction` for every
day, `weekday-and-time-of-day` has `restrictions`, each from an hour of one day to an hour of another.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.importers.compose.schedules import DAYS
from bot.importers.fields import int_of, list_of, object_of, text_of

UNITS = {"hourly": "hour", "daily": "day", "weekly": "week"}
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def hours_of(restriction: Mapping[str, Any]) -> list[str]:
    """The windows of a time restriction; empty for always. Raises `ValueError` for an unknown kind."""
    kind = text_of(restriction, "type")
    if not kind:
        return []
    if kind == "time-of-day":
        single = object_of(restriction, "restriction") or next(iter(list_of(restriction, "restrictions")), {})
        start, end = _clock(single, "start"), _clock(single, "end")
        return [] if start == end else [f"{start}-{'24:00' if end == '00:00' else end}"]
    if kind == "weekday-and-time-of-day":
        windows = [_window(window) for window in list_of(restriction, "restrictions")]
        return [] if any(begin == end for begin, end in windows) else [f"{begin}-{end}" for begin, end in windows]
    raise ValueError(f"a time restriction of the kind “{kind}”")


def _window(restriction: Mapping[str, Any]) -> tuple[str, str]:
    """The begin and end of a window of the week; equal for the whole week. 24:00 is 00:00 of the next day."""
    last = _day(restriction, "endDay") + (int_of(restriction, "endHour") == 24)
    begin = f"{DAYS[_day(restriction, 'startDay')]} {_clock(restriction, 'start')}"
    return begin, f"{DAYS[last % 7]} {_clock(restriction, 'end')}"


def _clock(restriction: Mapping[str, Any], which: str) -> str:
    hour, minute = int_of(restriction, f"{which}Hour", -1), int_of(restriction, f"{which}Min")
    if hour == 24 and minute == 0:
        hour = 0
    if not (0 <= hour < 24 and 0 <= minute < 60):
        raise ValueError(f"a time restriction without a {which} hour")
    return f"{hour:02}:{minute:02}"


def _day(restriction: Mapping[str, Any], name: str) -> int:
    """The number of a weekday; Monday is 0."""
    day = text_of(restriction, name).lower()
    if day not in _DAYS:
        raise ValueError(f"a time restriction with the day “{day}”")
    return _DAYS.index(day)
