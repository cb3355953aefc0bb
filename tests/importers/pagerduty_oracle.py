"""PagerDuty's rules, applied minute by minute to its API's description of a schedule.

https://support.pagerduty.com/main/docs/schedule-basics: users of a layer take turns of `rotation_turn_length_seconds`
counted from `rotation_virtual_start`; restrictions limit the layer to times of the day or week; where several layers
have somebody on call, the one that stands first in the API's list wins; an override wins over all of them.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from tests.importers.minutes import WEEK, Span, rfc3339, spells, turns

Raw = dict[str, Any]


def entries(schedule: Raw, overrides: list[Raw], since: datetime, until: datetime) -> list[Raw]:
    """The rendered entries of the final schedule."""
    span = Span(since, until)
    final: list[str | None] = [None] * span.length
    for layer in reversed(schedule["schedule_layers"]):
        for minute, who in enumerate(_layer(layer, schedule["time_zone"], span)):
            if who is not None:
                final[minute] = who
    for override in overrides:
        for minute in range(span.length):
            if datetime.fromisoformat(override["start"]) <= span.at(minute) < datetime.fromisoformat(override["end"]):
                final[minute] = override["user"]["id"]
    return [
        {"start": rfc3339(span.at(first)), "end": rfc3339(span.at(last)), "user": {"id": who, "type": "user_reference"}}
        for who, first, last in spells(final)
    ]


def _layer(layer: Raw, zone: str, span: Span) -> list[str | None]:
    minutes: list[str | None] = [None] * span.length
    users = [user["user"]["id"] for user in layer["users"]]
    length = timedelta(seconds=layer["rotation_turn_length_seconds"])
    anchor = datetime.fromisoformat(layer["rotation_virtual_start"])
    for number, first, last in turns(span, anchor, lambda wall: wall + length, zone):
        minutes[first:last] = [users[number % len(users)]] * (last - first)
    begin = min(span.length, max(0, span.number(datetime.fromisoformat(layer["start"]))))
    minutes[:begin] = [None] * begin
    if layer["end"]:
        end = min(span.length, max(0, span.number(datetime.fromisoformat(layer["end"]))))
        minutes[end:] = [None] * (span.length - end)
    if not layer["restrictions"]:
        return minutes
    allowed = _allowed(layer["restrictions"])
    return [who if allowed[at] else None for who, at in zip(minutes, span.minutes_of_week(zone), strict=True)]


def _allowed(restrictions: list[Raw]) -> list[bool]:
    allowed = [False] * WEEK
    for restriction in restrictions:
        hour, minute, _ = (int(part) for part in restriction["start_time_of_day"].split(":"))
        days = [restriction["start_day_of_week"] - 1] if restriction["type"] == "weekly_restriction" else list(range(7))
        for day in days:
            for after in range(restriction["duration_seconds"] // 60):
                allowed[(day * 1440 + hour * 60 + minute + after) % WEEK] = True
    return allowed
