"""Computes who is on call at what time, from a schedule's rotations, hours, layers and covers.

A handoff happens at the first instant at which the local clock has reached its time. If a change of clocks skips that
time, the handoff happens at the change; if the time comes twice, it happens the first time.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from bot.domain.oncall.notation import DEFAULT_HANDOFF, MINUTES_PER_DAY, Handoff, parse_handoff, parse_hours
from bot.domain.policy.policy import Layer, Policy, Schedule
from bot.domain.values.slack_ids import is_user_id
from bot.domain.values.wall_clock import change_of_clocks, first_instant

_HORIZONS = (timedelta(days=8), timedelta(days=40), timedelta(days=400))  # searched one after the other
LOOKAHEAD = _HORIZONS[1]  # how far `current_shift` looks

# Name of a schedule, an instant → contact keys or user IDs on call then; empty where nobody is.
OnCall = Callable[[str, datetime], tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Override:
    """A cover: `member` is on call from `starts_at` until just before `ends_at`, whatever the rotation says."""

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
    """A time during which nobody is on call."""

    starts_at: datetime
    ends_at: datetime


def on_call(schedule: Schedule, at: datetime, overrides: Sequence[Override] = ()) -> tuple[str, ...]:
    """Contact keys or user IDs on call at `at`; empty where nobody is. The last of several overrides wins."""
    for override in reversed(overrides):
        if override.schedule == schedule.key and override.starts_at <= at < override.ends_at:
            return (override.member,)
    zone = _zone(schedule.timezone)
    local = at.astimezone(zone).replace(tzinfo=None)
    for layer in reversed(schedule.layers):
        if not layer.members:
            continue
        if layer.hours and not any(window.contains(local) for window in parse_hours(layer.hours)):
            continue
        turn = _turn(layer, zone, at)
        if turn is not None:
            return (layer.members[turn % len(layer.members)],)
    return ()


def shifts(schedule: Schedule, start: datetime, end: datetime, overrides: Sequence[Override] = ()) -> list[Shift]:
    """Every shift between `start` and `end` in order, clipped to them. Instants are in UTC."""
    return [
        Shift(people[0], since, until) for people, since, until in _periods(schedule, start, end, overrides) if people
    ]


def gaps(schedule: Schedule, start: datetime, end: datetime, overrides: Sequence[Override] = ()) -> list[Gap]:
    """Every time between `start` and `end` at which nobody is on call."""
    return [Gap(since, until) for people, since, until in _periods(schedule, start, end, overrides) if not people]


def current_shift(schedule: Schedule, at: datetime, overrides: Sequence[Override] = ()) -> Shift | None:
    """The shift at `at`; None where nobody is on call. A shift that ends over 40 days later is cut off there."""
    for horizon in _HORIZONS[:2]:
        end = at + horizon
        people, since, until = next(iter(_periods(schedule, at, end, overrides)))
        if not people:
            return None
        if until < end:
            break
    return Shift(people[0], since, until)


def next_shift(schedule: Schedule, at: datetime, overrides: Sequence[Override] = ()) -> Shift | None:
    """The next shift that begins after `at`; None where nothing changes within 400 days.

    A shift that goes on past the days searched is cut off there.
    """
    for horizon in _HORIZONS:
        end = at + horizon
        coming = [shift for shift in shifts(schedule, at, end, overrides) if shift.starts_at > at]
        if coming and (coming[0].ends_at < end or horizon == _HORIZONS[-1]):
            return coming[0]
    return None


def is_unreachable(member: str, policy: Policy) -> bool:
    """Whether a member of a schedule is neither a contact nor known by Slack ID or address, so cannot be paged."""
    return member not in policy.contacts and "@" not in member and not is_user_id(member)


def on_call_lookup(policy: Policy, overrides: Sequence[Override] = ()) -> OnCall:
    """A function that tells who is on call on a schedule of this policy; nobody for unknown schedules."""

    def look_up(name: str, at: datetime) -> tuple[str, ...]:
        schedule = policy.schedules.get(name)
        return on_call(schedule, at, overrides) if schedule is not None else ()

    return look_up


# --- rotations --------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=256)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


@lru_cache(maxsize=1024)
def _handoff(layer: Layer) -> Handoff:
    return parse_handoff(layer.rotation, layer.handoff or DEFAULT_HANDOFF[layer.rotation])


def _turn(layer: Layer, zone: ZoneInfo, at: datetime) -> int | None:
    """The number of handoffs since the rotation began; None before it."""
    handoff = _handoff(layer)
    if at < first_instant(layer.start, handoff.at, zone):
        return None
    turn = _last_turn(layer, handoff, at.astimezone(zone).date())
    while first_instant(_day_of(layer, handoff, turn), handoff.at, zone) > at:
        turn -= 1
    return max(0, turn)


def _last_turn(layer: Layer, handoff: Handoff, day: date) -> int:
    """The last turn that begins on the day after `day` or before. Turn 0 begins at `layer.start`.

    Handoff 1 is the first one after the day of `layer.start`.
    """
    day += timedelta(days=1)
    if layer.rotation == "monthly":
        months = (day.year - layer.start.year) * 12 + day.month - layer.start.month
        return months + 1 - _skipped_months(layer, handoff)
    first = _day_of(layer, handoff, 1)
    return (day - first).days // (7 if layer.rotation == "weekly" else 1) + 1


def _day_of(layer: Layer, handoff: Handoff, turn: int) -> date:
    """The calendar day on which a turn begins. A month without the handoff's day hands off on its last."""
    if turn <= 0:
        return layer.start
    if layer.rotation == "daily":
        return layer.start + timedelta(days=turn)
    if layer.rotation == "weekly":
        ahead = ((handoff.day or 0) - layer.start.weekday()) % 7 or 7
        return layer.start + timedelta(days=ahead + 7 * (turn - 1))
    months = layer.start.month - 1 + turn - 1 + _skipped_months(layer, handoff)
    return _month_day(layer.start.year + months // 12, months % 12 + 1, handoff.day or 1)


def _skipped_months(layer: Layer, handoff: Handoff) -> int:
    """0 where the first month's handoff lies after `layer.start`, else 1."""
    return 0 if _month_day(layer.start.year, layer.start.month, handoff.day or 1) > layer.start else 1


def _month_day(year: int, month: int, day: int) -> date:
    return date(year, month, min(day, monthrange(year, month)[1]))


# --- periods ----------------------------------------------------------------------------------------------------------


def _periods(
    schedule: Schedule, start: datetime, end: datetime, overrides: Sequence[Override]
) -> Iterator[tuple[tuple[str, ...], datetime, datetime]]:
    """The time from `start` to `end`, split where the person on call changes."""
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
    """Instants between `start` and `end` at which the person on call may change; some change nothing."""
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
    windows = [window for layer in schedule.layers if layer.hours for window in parse_hours(layer.hours)]
    minutes = {minute % MINUTES_PER_DAY for window in windows for minute in (window.start, window.end)}
    times = {time(minute // 60, minute % 60) for minute in minutes} | {time(0)}
    return frozenset(times | {_handoff(layer).at for layer in schedule.layers})


def _instants_of(day: date, times: frozenset[time], zone: ZoneInfo) -> Iterator[datetime]:
    """Both readings of each wall time, and the change of clocks on a day that has one."""
    for at in times:
        yield first_instant(day, at, zone)
        yield datetime.combine(day, at, zone).replace(fold=1).astimezone(UTC)
    morning, night = datetime.combine(day, time(0), zone), datetime.combine(day + timedelta(days=1), time(0), zone)
    if morning.utcoffset() != night.utcoffset():
        yield change_of_clocks(morning.astimezone(UTC), night.astimezone(UTC), zone)
