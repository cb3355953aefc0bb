"""Turns PagerDuty's turns and restrictions into the policy's notation.

https://developer.pagerduty.com/api-reference, “Schedules”: a layer has `rotation_virtual_start`,
`rotation_turn_length_seconds`, and restrictions of a day (`daily_restriction`) or of a week
(`weekly_restriction`, whose `start_day_of_week` is 1 for Monday).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bot.importers.compose.schedules import DAYS
from bot.importers.fields import int_of, text_of

_DAY = 24 * 60  # minutes
_WEEK = 7 * _DAY
_UNITS = ((7 * 86400, "week"), (86400, "day"), (3600, "hour"))


def turn_of(seconds: int) -> tuple[int, str] | None:
    """The length of a shift as (count, unit); None if it is not a whole number of hours."""
    for length, unit in _UNITS:
        if seconds > 0 and seconds % length == 0:
            return seconds // length, unit
    return None


def hours_of(restrictions: Sequence[Mapping[str, Any]]) -> list[str]:
    """The windows of the restrictions; empty for always. Raises `ValueError` for an unknown kind."""
    windows = []
    for restriction in restrictions:
        start, duration = _minute(text_of(restriction, "start_time_of_day")), int_of(restriction, "duration_seconds")
        if duration <= 0 or duration % 60:
            raise ValueError(f"a restriction of {duration} seconds")
        weekly = text_of(restriction, "type") == "weekly_restriction"
        if duration // 60 >= (_WEEK if weekly else _DAY):
            return []
        if weekly:
            day = int_of(restriction, "start_day_of_week")
            if not 1 <= day <= 7:
                raise ValueError(f"a restriction that begins on the day {day}")
            begin = (day - 1) * _DAY + start
            windows.append(f"{_of_week(begin)}-{_of_week(begin + duration // 60)}")
        else:
            windows.append(f"{_clock(start)}-{_clock(start + duration // 60)}")
    return windows


def _minute(text: str) -> int:
    parts = text.split(":")
    if len(parts) < 2 or not all(part.isdecimal() for part in parts) or int(parts[0]) > 23 or int(parts[1]) > 59:
        raise ValueError(f"a restriction that begins at “{text}”")
    if any(int(part) for part in parts[2:]):
        raise ValueError(f"a restriction that begins at the second {text}")
    return int(parts[0]) * 60 + int(parts[1])


def _of_week(minute: int) -> str:
    return f"{DAYS[minute // _DAY % 7]} {_clock(minute)}"


def _clock(minute: int) -> str:
    return f"{minute // 60 % 24:02}:{minute % 60:02}"
