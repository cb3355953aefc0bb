"""Reads on-call calendars (RFC 5545) as an account in which each calendar is a schedule of listed shifts.

A shift's person is the e-mail address of an attendee, else the address in the summary, else the summary itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr
from icalendar import Calendar

from bot.domain.values.one_line import one_line
from bot.domain.values.wall_clock import first_instant
from bot.importers.account import Account, Origin, Participant, Person, Rotation, Schedule, SourceObject
from bot.importers.errors import ImportFailed
from bot.importers.proof import Duty

SOURCE = "ical"
BACK, AHEAD = timedelta(days=31), timedelta(days=366)
MOST_EVENTS, MOST_SHIFTS = 20_000, 20_000  # of one calendar
_TOO_OFTEN = ("SECONDLY", "MINUTELY")
_MAIL = re.compile(r"[^\s@<>:,;()\"']+@[^\s@<>:,;()\"']+\.[A-Za-z]{2,}")
_PREFIX = re.compile(r"^(?:on[ -]?call|primary|secondary|shift)\s*[:–-]\s*", re.IGNORECASE)
_UNTIL = re.compile(r"UNTIL=(\d{8}(?:T\d{6})?)(?![\dTZ])", re.IGNORECASE)  # without a zone
_CHANGE = timedelta(days=1)  # more than any change of clocks
_NAME = 120
Span = tuple[datetime, datetime]


@dataclass(slots=True)
class _Calendar:
    """One calendar. `moved`: the occurrences that events of their own replace, as (UID, instant)."""

    name: str
    zone: tzinfo
    zone_name: str
    events: list[Any]
    moved: set[tuple[str, datetime]] = field(default_factory=set)
    zone_problem: str = ""  # why times without a zone are taken in UTC


def read_calendars(calendars: Sequence[tuple[str, str]], now: datetime) -> Account:
    """Read calendars, given as (name, text), as an account. Raises `ImportFailed` for a text that is not a calendar."""
    account = Account(SOURCE)
    people: dict[str, Person] = {}
    for number, (name, text) in enumerate(calendars):
        calendar = _parse(name, text)
        schedule = Schedule(Origin("calendar", name, calendar.name), timezone=calendar.zone_name)
        rotation = Rotation(Origin("shifts", name), reported=False)
        rotation.shifts = []
        for index, event in enumerate(calendar.events):
            source_object = SourceObject(Origin("event", f"{number}/{_uid(event)}/{index}", _summary(event)))
            account.others.append(source_object)
            if spans := list(_occurrences(calendar, event, source_object, (now - BACK, now + AHEAD))):
                person = _person(event, people)
                rotation.shifts += [(person, *span) for span in spans]
            if len(rotation.shifts) > MOST_SHIFTS:
                raise ImportFailed(f"{name} has more than {MOST_SHIFTS:,} shifts in {(BACK + AHEAD).days} days.")
        if any("RRULE" in event for event in calendar.events):
            until = f"{now + AHEAD:%Y-%m-%d}"
            schedule.note(f"What recurs is listed shift by shift until {until}", "Import again before then.")
        if calendar.zone_problem:
            schedule.note(
                f"{calendar.zone_problem}: times without one are taken in UTC",
                "Write X-WR-TIMEZONE:Europe/Berlin, or your zone, into the calendar and import again.",
            )
        schedule.rotations = [rotation]
        account.schedules.append(schedule)
    account.people = list(people.values())
    return account


def rendering(account: Account) -> dict[str, list[Duty]]:
    """The duties of each calendar, from its events."""
    return {
        schedule.origin.id: [Duty(*shift) for rotation in schedule.rotations for shift in rotation.shifts or []]
        for schedule in account.schedules
    }


def _parse(name: str, text: str) -> _Calendar:
    try:
        calendar: Any = Calendar.from_ical(text)
        if calendar.name != "VCALENDAR":
            raise ValueError(calendar.name)
        events = list(calendar.walk("VEVENT"))
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError) as error:
        raise ImportFailed(f"{name} is no calendar ({type(error).__name__}).") from None
    if len(events) > MOST_EVENTS:
        raise ImportFailed(f"{name} has more than {MOST_EVENTS:,} events.")
    zone_name = one_line(str(calendar.get("X-WR-TIMEZONE", "")))[:_NAME]
    problem = "" if zone_name else "The calendar names no time zone"
    try:
        zone: tzinfo = ZoneInfo(zone_name or "UTC")
    except (ValueError, OSError, KeyError):
        zone, problem = UTC, f"“{zone_name}” is no time zone that this machine knows"
    zone_name = "UTC" if problem else zone_name
    title = one_line(str(calendar.get("X-WR-CALNAME", "")))[:_NAME] or name
    result = _Calendar(title, zone, zone_name, events, zone_problem=problem if any(map(_floats, events)) else "")
    result.moved = {
        (_uid(event), _instant(event["RECURRENCE-ID"].dt, zone)) for event in events if "RECURRENCE-ID" in event
    }
    return result


def _floats(event: Any) -> bool:
    """Whether an event begins at a time, or on a day, without a time zone of its own."""
    start = event["DTSTART"].dt if "DTSTART" in event else None
    return isinstance(start, date) and getattr(start, "tzinfo", None) is None


def _uid(event: Any) -> str:
    return one_line(str(event.get("UID", "")))[:_NAME]


def _summary(event: Any) -> str:
    return one_line(str(event.get("SUMMARY", "")))[:_NAME]


def _person(event: Any, people: dict[str, Person]) -> Participant:
    """The person whom an event puts on call, identified by address, else by name."""
    attendees = event.get("ATTENDEE", [])
    texts = [str(attendee) for attendee in (attendees if isinstance(attendees, list) else [attendees])]
    summary = _summary(event)
    address = next((match[0].lower() for text in [*texts, summary] if (match := _MAIL.search(text))), "")
    name = _PREFIX.sub("", _MAIL.sub("", summary).strip(" <>()")).strip() or address.partition("@")[0] or "unnamed"
    identity = address or name.lower()
    if identity not in people:
        people[identity] = Person(Origin("user", identity, name), email=address)
    return Participant("person", identity, name)


def _occurrences(calendar: _Calendar, event: Any, source_object: SourceObject, window: Span) -> Iterator[Span]:
    """The shifts of an event within a window. If there are none, a note on `source_object` says why."""
    if str(event.get("STATUS", "")).upper() == "CANCELLED":
        source_object.note("It is cancelled", "", lost=True)
        return
    try:
        begin = _local(event["DTSTART"].dt, calendar.zone)
        length = _length(event, begin, calendar.zone)
        starts = _starts(calendar, event, begin, (window[0] - length - _CHANGE, window[1]))
    except (KeyError, ValueError, TypeError, AttributeError, OverflowError) as error:
        source_object.note(f"It cannot be understood ({error})", "Write the shift by hand.", lost=True)
        return
    if length <= timedelta(0):
        source_object.note("It has no length", "", lost=True)
        return
    has_shift = False
    for start in starts:
        since, until = start, _end_of(start, length, begin.tzinfo or calendar.zone)
        if until > window[0] and since < window[1]:
            has_shift = True
            yield since, until
    if not has_shift:
        source_object.note("It is over, or further ahead than is listed", "", lost=True)


def _starts(calendar: _Calendar, event: Any, begin: datetime, window: Span) -> list[datetime]:
    """The starts of an event in UTC, by its recurrence rule if it has one, without excluded and moved occurrences."""
    starts = {begin.astimezone(UTC)}
    if "RRULE" in event:
        text = _UNTIL.sub(lambda until: _until(until[1], begin), event["RRULE"].to_ical().decode())
        if any(f"FREQ={frequency}" in text.upper() for frequency in _TOO_OFTEN):
            raise ValueError("it recurs more often than hourly")
        rule = rrulestr(text, dtstart=begin)
        starts = {start.astimezone(UTC) for start in rule.between(window[0], window[1], inc=True)}
    starts |= {_instant(moment.dt, calendar.zone) for moment in _dates(event, "RDATE")}
    starts -= {_instant(moment.dt, calendar.zone) for moment in _dates(event, "EXDATE")}
    if "RECURRENCE-ID" not in event:
        starts -= {at for uid, at in calendar.moved if uid == _uid(event)}
    return sorted(starts)


def _until(text: str, begin: datetime) -> str:
    """The `UNTIL` of a rule in UTC, as the parser needs it: a day lasts until its end, in the event's zone."""
    day, _, at = text.partition("T")
    last = datetime.strptime(day + (at or "235959"), "%Y%m%d%H%M%S").replace(tzinfo=begin.tzinfo)
    return f"UNTIL={last.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _dates(event: Any, name: str) -> list[Any]:
    value = event.get(name, [])
    return [moment for group in (value if isinstance(value, list) else [value]) for moment in group.dts]


def _length(event: Any, begin: datetime, zone: tzinfo) -> timedelta:
    """The length of an event by the clock of the zone in which it begins."""
    if "DURATION" in event:
        return timedelta(seconds=event["DURATION"].dt.total_seconds())
    if "DTEND" in event:
        end = _local(event["DTEND"].dt, zone).astimezone(begin.tzinfo)
        return end.replace(tzinfo=None) - begin.replace(tzinfo=None)
    return timedelta(0) if isinstance(event["DTSTART"].dt, datetime) else timedelta(days=1)


def _end_of(start: datetime, length: timedelta, zone: tzinfo) -> datetime:
    """The end, in UTC, of an occurrence: by the clock, so that shifts also meet when the clocks change."""
    local_end = start.astimezone(zone).replace(tzinfo=None) + length
    return max(first_instant(local_end.date(), local_end.time(), zone), start + min(length, timedelta(minutes=1)))


def _local(value: date, zone: tzinfo) -> datetime:
    """An aware datetime: a date becomes midnight, and a time without a zone gets the calendar's."""
    if not isinstance(value, datetime):
        return datetime.combine(value, time(0), zone)
    return value if value.tzinfo is not None else value.replace(tzinfo=zone)


def _instant(value: date, zone: tzinfo) -> datetime:
    return _local(value, zone).astimezone(UTC)
