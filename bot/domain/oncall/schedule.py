"""Who is on call when: rotations, handoffs, time zones, hours, layers and overrides.

An instant at which the wall clock shows a handoff is the first one at which it has reached it: in the hour that a
change of clocks skips, the moment of the change; in the hour that comes twice, the first time.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from bot.domain.policy.policy import Layer, Policy, Schedule
from bot.domain.values.slack_ids import is_user_id

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_FULL = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
DEFAULT_HANDOFF = {"daily": "09:00", "weekly": "mon 09:00", "monthly": "1 09:00"}
MINUTES_PER_DAY = 24 * 60

_TIME = r"([01]?\d|2[0-3]):([0-5]\d)"
_CLOCK = re.compile(rf"^{_TIME}$")
_HOURS = re.compile(rf"^{_TIME}\s*-\s*({_TIME}|24:00)(?:\s+(.+))?$")
_HANDOFF = re.compile(rf"^(?:(\S+)\s+)?{_TIME}$")
_LOOK_AHEAD = (timedelta(days=8), timedelta(days=40), timedelta(days=400))
LOOKAHEAD = _LOOK_AHEAD[1]  # how far `current_shift` looks


@dataclass(frozen=True, slots=True)
class Override:
    """`member` is on call on `schedule` from `starts_at` until just before `ends_at`, whoever's turn it is."""

    schedule: str
    member: str
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Shift:
    """An unbroken time during which the same person is on call."""

    member: str
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Gap:
    """A time during which nobody is."""

    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Handoff:
    """`day` is a weekday (0 is Monday) for weekly rotations, a day of the month for monthly ones."""

    day: int | None
    at: time


@dataclass(frozen=True, slots=True)
class HoursWindow:
    """Minutes of the day by the wall clock, beginning on `days`; over midnight where `end` is not after `start`."""

    days: frozenset[int]
    start: int
    end: int

    def contains(self, local: datetime) -> bool:
        minute, today = local.hour * 60 + local.minute, local.weekday()
        if self.start < self.end:
            return today in self.days and self.start <= minute < self.end
        yesterday = (today - 1) % 7
        return (today in self.days and minute >= self.start) or (yesterday in self.days and minute < self.end)


def on_call(schedule: Schedule, at: datetime, overrides: Sequence[Override] = ()) -> tuple[str, ...]:
    """Contact keys or user IDs on call at `at`; empty where nobody is. Of several overrides the last given holds."""
    for override in reversed(overrides):
        if override.schedule == schedule.key and override.starts_at <= at < override.ends_at:
            return (override.member,)
    zone = _zone(schedule.timezone)
    local = at.astimezone(zone).replace(tzinfo=None)
    for layer in reversed(schedule.layers):
        if not layer.members or (layer.hours and not any(w.contains(local) for w in parse_hours(layer.hours))):
            continue
        turn = _turn(layer, zone, at)
        if turn is not None:
            return (layer.members[turn % len(layer.members)],)
    return ()


def shifts(schedule: Schedule, start: datetime, end: datetime, overrides: Sequence[Override] = ()) -> list[Shift]:
    """Every shift between `start` and `end`, cut to them, in order. Instants are in UTC."""
    return [
        Shift(people[0], since, until) for people, since, until in _stretches(schedule, start, end, overrides) if people
    ]


def gaps(schedule: Schedule, start: datetime, end: datetime, overrides: Sequence[Override] = ()) -> list[Gap]:
    """Every time between `start` and `end` at which nobody is on call."""
    return [Gap(since, until) for people, since, until in _stretches(schedule, start, end, overrides) if not people]


def current_shift(schedule: Schedule, at: datetime, overrides: Sequence[Override] = ()) -> Shift | None:
    """The shift that holds at `at`; None where nobody is on call. Its end is cut where it lies beyond 40 days."""
    for reach in _LOOK_AHEAD[:2]:
        end = at + reach
        first = next(iter(_stretches(schedule, at, end, overrides)))
        if not first[0]:
            return None
        if first[2] < end:
            break
    return Shift(first[0][0], first[1], first[2])


def is_unreachable(member: str, policy: Policy) -> bool:
    """No contact, and known by no Slack ID or address: somebody whom nobody here can reach."""
    return member not in policy.contacts and "@" not in member and not is_user_id(member)


def on_call_lookup(policy: Policy, overrides: Sequence[Override] = ()) -> Callable[[str, datetime], tuple[str, ...]]:
    """Who is on call on a schedule of this policy at an instant; nobody where there is no such schedule."""

    def at(name: str, instant: datetime) -> tuple[str, ...]:
        schedule = policy.schedules.get(name)
        return on_call(schedule, instant, overrides) if schedule is not None else ()

    return at


def next_shift(schedule: Schedule, at: datetime, overrides: Sequence[Override] = ()) -> Shift | None:
    """The next shift that begins after `at`; None where nothing changes within 400 days.

    Its end is cut at the end of what was looked at, where the same person stays on call for longer.
    """
    for reach in _LOOK_AHEAD:
        end = at + reach
        coming = [shift for shift in shifts(schedule, at, end, overrides) if shift.starts_at > at]
        if coming and (coming[0].ends_at < end or reach == _LOOK_AHEAD[-1]):
            return coming[0]
    return None


def parse_handoff(rotation: str, text: str) -> Handoff:
    """`09:00` (daily), `mon 09:00` (weekly), `1 09:00` (monthly). Raises `ValueError` with the form that is right."""
    match = _HANDOFF.match(text.strip().lower())
    form = f"A {rotation} handoff looks like {DEFAULT_HANDOFF[rotation]}."
    if match is None:
        raise ValueError(form)
    day, at = match[1], time(int(match[2]), int(match[3]))
    if rotation == "daily" and day is None:
        return Handoff(None, at)
    if rotation == "weekly" and day is not None and _weekday(day) is not None:
        return Handoff(_weekday(day), at)
    if rotation == "monthly" and day is not None and day.isdigit() and 1 <= int(day) <= 31:
        return Handoff(int(day), at)
    raise ValueError(form)


@lru_cache(maxsize=1024)
def parse_hours(text: str) -> tuple[HoursWindow, ...]:
    """`09:00-17:00 mon-fri`, `17:00-09:00`, `sat,sun`; several with `;` between. Raises `ValueError` with the mend."""
    return tuple(_window(part.strip().lower()) for part in text.split(";"))


def _window(text: str) -> HoursWindow:
    example = "Write them as 09:00-17:00 mon-fri."
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


def _days(text: str, example: str) -> frozenset[int]:
    found: set[int] = set()
    for part in re.split(r"[,\s]+", text.strip()):
        first, dash, last = part.partition("-")
        begin = _weekday(first)
        end = _weekday(last) if dash else begin
        if begin is None or end is None:
            raise ValueError(f"“{part}” is not a day of the week. {example}")
        found |= {(begin + step) % 7 for step in range((end - begin) % 7 + 1)}
    return frozenset(found)


def _weekday(word: str) -> int | None:
    """0 is Monday; `mon` and `monday`."""
    return next((number for number in range(7) if word in (WEEKDAYS[number], _FULL[number])), None)


@lru_cache(maxsize=256)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


@lru_cache(maxsize=1024)
def _handoff(layer: Layer) -> Handoff:
    return parse_handoff(layer.rotation, layer.handoff or DEFAULT_HANDOFF[layer.rotation])


def _turn(layer: Layer, zone: ZoneInfo, at: datetime) -> int | None:
    """How many handoffs since the first turn began; None before it."""
    handoff = _handoff(layer)
    if at < _instant(layer.start, handoff.at, zone):
        return None
    period = _last_period(layer, handoff, at.astimezone(zone).date())
    while _instant(_day_of(layer, handoff, period), handoff.at, zone) > at:
        period -= 1
    return max(0, period)


def _last_period(layer: Layer, handoff: Handoff, day: date) -> int:
    """The number of the last handoff whose day is not after the day following `day`; the first turn is 0.

    Handoff 1 is the first one after the day of `layer.start`.
    """
    day += timedelta(days=1)
    if layer.rotation == "monthly":
        months = (day.year - layer.start.year) * 12 + day.month - layer.start.month
        return months + 1 - _skipped_months(layer, handoff)
    first = _day_of(layer, handoff, 1)
    return (day - first).days // (7 if layer.rotation == "weekly" else 1) + 1


def _day_of(layer: Layer, handoff: Handoff, period: int) -> date:
    """The day on which turn `period` begins, by the calendar. A month without that day hands off on its last."""
    if period <= 0:
        return layer.start
    if layer.rotation == "daily":
        return layer.start + timedelta(days=period)
    if layer.rotation == "weekly":
        ahead = ((handoff.day or 0) - layer.start.weekday()) % 7 or 7
        return layer.start + timedelta(days=ahead + 7 * (period - 1))
    months = layer.start.month - 1 + period - 1 + _skipped_months(layer, handoff)
    return _month_day(layer.start.year + months // 12, months % 12 + 1, handoff.day or 1)


def _skipped_months(layer: Layer, handoff: Handoff) -> int:
    """0 where the month of the start still has its handoff before it, else 1."""
    return 0 if _month_day(layer.start.year, layer.start.month, handoff.day or 1) > layer.start else 1


def _month_day(year: int, month: int, day: int) -> date:
    return date(year, month, min(day, monthrange(year, month)[1]))


@lru_cache(maxsize=8192)
def _instant(day: date, at: time, zone: ZoneInfo) -> datetime:
    """The first instant at which the wall clock of `zone` has reached `at` on `day`."""
    wall = datetime.combine(day, at)
    before = wall.replace(tzinfo=zone, fold=0)
    instant = before.astimezone(UTC)
    if instant.astimezone(zone).replace(tzinfo=None) == wall:
        return instant
    after = wall.replace(tzinfo=zone, fold=1)
    return _change_of_clocks(after.astimezone(UTC), instant, zone)


def _change_of_clocks(early: datetime, late: datetime, zone: ZoneInfo) -> datetime:
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


def _stretches(
    schedule: Schedule, start: datetime, end: datetime, overrides: Sequence[Override]
) -> Iterator[tuple[tuple[str, ...], datetime, datetime]]:
    """The time from `start` to `end`, cut where whoever is on call changes."""
    start, end = start.astimezone(UTC), end.astimezone(UTC)
    if end <= start:
        return
    since, people = start, on_call(schedule, start, overrides)
    for instant in sorted(set(_possible_changes(schedule, start, end, overrides))):
        now = on_call(schedule, instant, overrides)
        if now != people:
            yield people, since, instant
            since, people = instant, now
    yield people, since, end


def _possible_changes(
    schedule: Schedule, start: datetime, end: datetime, overrides: Sequence[Override]
) -> Iterator[datetime]:
    """Every instant after `start` and before `end` at which somebody else may come on call; some change nothing."""
    zone = _zone(schedule.timezone)
    times = _wall_times(schedule)
    day = start.astimezone(zone).date() - timedelta(days=1)
    last = end.astimezone(zone).date() + timedelta(days=1)
    while day <= last:
        for instant in _instants_of(day, times, zone):
            if start < instant < end:
                yield instant
        day += timedelta(days=1)
    for override in overrides:
        for instant in (override.starts_at, override.ends_at):
            if override.schedule == schedule.key and start < instant < end:
                yield instant.astimezone(UTC)


def _wall_times(schedule: Schedule) -> frozenset[time]:
    minutes = {w.start % MINUTES_PER_DAY for layer in schedule.layers if layer.hours for w in parse_hours(layer.hours)}
    minutes |= {w.end % MINUTES_PER_DAY for layer in schedule.layers if layer.hours for w in parse_hours(layer.hours)}
    times = {time(minute // 60, minute % 60) for minute in minutes} | {time(0)}
    return frozenset(times | {_handoff(layer).at for layer in schedule.layers})


def _instants_of(day: date, times: frozenset[time], zone: ZoneInfo) -> Iterator[datetime]:
    """Both readings of each wall time, and the change of clocks where there is one that day."""
    for at in times:
        yield _instant(day, at, zone)
        yield datetime.combine(day, at, zone).replace(fold=1).astimezone(UTC)
    morning, night = datetime.combine(day, time(0), zone), datetime.combine(day + timedelta(days=1), time(0), zone)
    if morning.utcoffset() != night.utcoffset():
        yield _change_of_clocks(morning.astimezone(UTC), night.astimezone(UTC), zone)
