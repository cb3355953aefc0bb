"""Opsgenie's rules, applied minute by minute to its API's description of a schedule.

https://docs.opsgenie.com/docs/schedule-rotation-api: participants take turns of `length` hours, days or weeks from
`startDate` to `endDate`; a time restriction limits the rotation to hours of the day or week. An override puts a person
in place of those of the rotations that it names, or of all. Rotations are rendered side by side.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from tests.importers.minutes import Span, rfc3339, spells, turns

_DAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
_UNITS = {"hourly": timedelta(hours=1), "daily": timedelta(days=1), "weekly": timedelta(weeks=1)}
Raw = dict[str, Any]


def timeline(schedule: Raw, overrides: list[Raw], start: datetime, days: int) -> Raw:
    """The answer to “Get schedule timeline”."""
    span = Span(start, start + timedelta(days=days))
    rotations = []
    for order, rotation in enumerate(schedule["rotations"]):
        minutes = rotation_minutes(rotation, schedule["timezone"], span)
        for override in overrides:
            named = [each["id"] for each in override.get("rotations", [])]
            if not named or rotation["id"] in named:
                _override(minutes, override, span)
        periods = [
            {
                "startDate": rfc3339(span.at(first)), "endDate": rfc3339(span.at(last)), "type": "default",
                "recipient": {"type": kind_and_id.partition(":")[0], "id": kind_and_id.partition(":")[2]},
            }
            for kind_and_id, first, last in spells(minutes)
        ]  # fmt: skip
        rotations.append({"id": rotation["id"], "name": rotation["name"], "order": float(order), "periods": periods})
    return {
        "_parent": {"id": schedule["id"], "name": schedule["name"], "enabled": schedule["enabled"]},
        "startDate": rfc3339(span.start), "endDate": rfc3339(span.end), "finalTimeline": {"rotations": rotations},
    }  # fmt: skip


def rotation_minutes(rotation: Raw, zone: str, span: Span) -> list[str | None]:
    """Who is on call by one rotation, minute by minute."""
    people = [
        None if participant["type"] == "none" else f"{participant['type']}:{participant['id']}"
        for participant in rotation["participants"]
    ]
    minutes: list[str | None] = [None] * span.length
    length = _UNITS[rotation["type"]] * rotation.get("length", 1)
    anchor = datetime.fromisoformat(rotation["startDate"])
    for number, first, last in turns(span, anchor, lambda wall: wall + length, zone):
        minutes[first:last] = [people[number % len(people)]] * (last - first)
    if rotation.get("endDate"):
        ended = max(0, span.number(datetime.fromisoformat(rotation["endDate"])))
        minutes[ended:] = [None] * (span.length - min(ended, span.length))
    return _restricted(minutes, rotation.get("timeRestriction"), zone, span)


def _restricted(minutes: list[str | None], restriction: Raw | None, zone: str, span: Span) -> list[str | None]:
    if not restriction:
        return minutes
    allowed = _allowed(restriction)
    return [who if allowed[at] else None for who, at in zip(minutes, span.minutes_of_week(zone), strict=True)]


def _allowed(restriction: Raw) -> list[bool]:
    """For each minute of the week, whether it is allowed."""
    allowed = [False] * (7 * 1440)
    if restriction["type"] == "time-of-day":
        each = restriction["restriction"]
        start, end = each["startHour"] * 60 + each["startMin"], each["endHour"] * 60 + each["endMin"]
        for day in range(7):
            minute = start
            while True:
                allowed[(day * 1440 + minute) % len(allowed)] = True
                minute += 1
                if minute % 1440 == end % 1440:
                    break
        return allowed
    for each in restriction["restrictions"]:
        minute = _DAYS.index(each["startDay"]) * 1440 + each["startHour"] * 60 + each["startMin"]
        end = _DAYS.index(each["endDay"]) * 1440 + each["endHour"] * 60 + each["endMin"]
        while minute % len(allowed) != end % len(allowed):
            allowed[minute % len(allowed)] = True
            minute += 1
    return allowed


def _override(minutes: list[str | None], override: Raw, span: Span) -> None:
    first = max(0, span.number(datetime.fromisoformat(override["startDate"])))
    last = min(span.length, span.number(datetime.fromisoformat(override["endDate"])))
    person = override["user"]
    who = None if person["type"] == "none" else f"{person['type']}:{person['id']}"
    if first < last:
        minutes[first:last] = [who] * (last - first)
