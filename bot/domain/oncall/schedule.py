"""Computes who is on call at what time, from a schedule's rotations, lists of shifts, hours, layers and covers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from bot.domain.oncall.notation import MINUTES_PER_DAY, parse_hours
from bot.domain.oncall.rotation import handoff_times, member_at
from bot.domain.policy.policy import Policy
from bot.domain.policy.schedules import Layer, Schedule
from bot.domain.values.slack_ids import is_user_id
from bot.domain.values.wall_clock import change_of_clocks, first_instant

_HORIZONS = (timedelta(days=8), timedelta(days=40), timedelta(days=400))  # searched one after the other
LOOKAHEAD, LONGEST_LOOKAHEAD = _HORIZONS[1:]  # how far `current_shift` looks, and how far it can look

# Name of a schedule, an instant → contact keys or user IDs on call then; empty where nobody is.
OnCall = Callable[[str, datetime], tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Override:
    """A cover: `member` is on call from `starts_at` until just before `ends_at`, whatever the rotation says."""

    schedule: str
    member: str
    starts_at: datetime
    ends_at: datetime
    layer: str = ""  # the only layer that is covered; empty: the whole schedule


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
    """Contact keys or user IDs on call at `at`; empty where nobody is. A team counts as all of its people.

    A cover of the whole schedule outranks one of a layer; otherwise the last of several wins.
    """
    covers: dict[str, str] = {}
    for override in overrides:
        if override.schedule == schedule.key and override.starts_at <= at < override.ends_at:
            covers[override.layer] = override.member
    if "" in covers:
        return schedule.people_of(covers[""])
    zone = _zone(schedule.timezone)
    local = at.astimezone(zone).replace(tzinfo=None)
    people: dict[str, None] = {}
    for layer in schedule.layers if schedule.together else reversed(schedule.layers):
        cover = covers.get(layer.name) if layer.name else None
        names = (cover,) if cover is not None else _members_of(layer, zone, at, local)
        people |= dict.fromkeys(person for name in names for person in schedule.people_of(name))
        if names and not schedule.together:
            break
    return tuple(people)


def shifts(schedule: Schedule, start: datetime, end: datetime, overrides: Sequence[Override] = ()) -> list[Shift]:
    """Every shift between `start` and `end` in order, clipped to them. Instants are in UTC."""
    running: dict[str, datetime] = {}
    ended: list[Shift] = []
    for people, since, _ in _periods(schedule, start, end, overrides):
        ended += [Shift(member, running.pop(member), since) for member in [*running] if member not in people]
        for member in people:
            running.setdefault(member, since)
    ended += [Shift(member, since, end.astimezone(UTC)) for member, since in running.items()]
    return sorted(ended, key=lambda shift: shift.starts_at)


def gaps(schedule: Schedule, start: datetime, end: datetime, overrides: Sequence[Override] = ()) -> list[Gap]:
    """Every time between `start` and `end` at which nobody is on call."""
    return [Gap(since, until) for people, since, until in _periods(schedule, start, end, overrides) if not people]


def current_shift(schedule: Schedule, at: datetime, overrides: Sequence[Override] = ()) -> Shift | None:
    """The shift at `at`, the first of several; None where nobody is on call."""
    return next(iter(current_shifts(schedule, at, overrides)), None)


def current_shifts(
    schedule: Schedule, at: datetime, overrides: Sequence[Override] = (), lookahead: timedelta = LOOKAHEAD
) -> tuple[Shift, ...]:
    """The shifts at `at` of everybody on call. A shift that ends after the look-ahead is cut off there."""
    on_duty = on_call(schedule, at, overrides)
    ends: dict[str, datetime] = {}
    for horizon in (horizon for horizon in _HORIZONS if horizon <= lookahead):
        end = at + horizon
        ends = _ends_of(on_duty, _periods(schedule, at, end, overrides))
        if all(until < end for until in ends.values()):
            break
    return tuple(Shift(member, at.astimezone(UTC), ends[member]) for member in on_duty)


def next_shift(schedule: Schedule, at: datetime, overrides: Sequence[Override] = ()) -> Shift | None:
    """The next shift that begins after `at`, the first of several; None where nothing changes within 400 days."""
    return next(iter(next_shifts(schedule, at, overrides)), None)


def next_shifts(schedule: Schedule, at: datetime, overrides: Sequence[Override] = ()) -> tuple[Shift, ...]:
    """The shifts that begin next after `at`, all at the same instant; none where nothing changes within 400 days.

    A shift that goes on past the days searched is cut off there.
    """
    for horizon in _HORIZONS:
        end = at + horizon
        coming = [shift for shift in shifts(schedule, at, end, overrides) if shift.starts_at > at]
        first = [shift for shift in coming if shift.starts_at == coming[0].starts_at]
        if first and (max(shift.ends_at for shift in first) < end or horizon == _HORIZONS[-1]):
            return tuple(first)
    return ()


def is_unreachable(member: str, policy: Policy) -> bool:
    """Whether a member of a schedule is neither a contact nor known by Slack ID or address, so cannot be paged."""
    return member not in policy.contacts and "@" not in member and not is_user_id(member)


def on_call_lookup(policy: Policy, overrides: Sequence[Override] = ()) -> OnCall:
    """A function that tells who is on call on a schedule of this policy; nobody for unknown schedules."""
    by_schedule: dict[str, list[Override]] = {}
    for override in overrides:
        by_schedule.setdefault(override.schedule, []).append(override)

    def look_up(name: str, at: datetime) -> tuple[str, ...]:
        schedule = policy.schedules.get(name)
        return on_call(schedule, at, by_schedule.get(name, ())) if schedule is not None else ()

    return look_up


# --- layers -----------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=256)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def _members_of(layer: Layer, zone: ZoneInfo, at: datetime, local: datetime) -> tuple[str, ...]:
    """The members whom the layer puts on call, as written; none while it does not hold."""
    if (layer.begins_at is not None and at < layer.begins_at) or (layer.ends_at is not None and at >= layer.ends_at):
        return ()
    if layer.hours and not any(window.contains(local) for window in parse_hours(layer.hours)):
        return ()
    if layer.shifts is not None:
        return layer.shifts.members_at(at)
    member = member_at(layer, zone, at) if layer.members else None
    return () if member is None else (member,)


# --- periods ----------------------------------------------------------------------------------------------------------


def _periods(
    schedule: Schedule, start: datetime, end: datetime, overrides: Sequence[Override]
) -> Iterator[tuple[tuple[str, ...], datetime, datetime]]:
    """The time from `start` to `end`, split where the people on call change."""
    start, end = start.astimezone(UTC), end.astimezone(UTC)
    if end <= start:
        return
    covers = [
        override
        for override in overrides
        if override.schedule == schedule.key and override.starts_at < end and override.ends_at > start
    ]
    since, people = start, on_call(schedule, start, covers)
    for instant in sorted(set(_possible_changes(schedule, start, end, covers))):
        now = on_call(schedule, instant, covers)
        if now != people:
            yield people, since, instant
            since, people = instant, now
    yield people, since, end


def _ends_of(
    on_duty: Sequence[str], periods: Iterator[tuple[tuple[str, ...], datetime, datetime]]
) -> dict[str, datetime]:
    """When the shift of each of these people ends. The periods are read until all have ended."""
    running, ends = set(on_duty), dict[str, datetime]()
    for people, _, until in periods:
        running &= set(people)
        if not running:
            break
        ends |= dict.fromkeys(running, until)
    return ends


def _possible_changes(
    schedule: Schedule, start: datetime, end: datetime, covers: Sequence[Override]
) -> Iterator[datetime]:
    """Instants between `start` and `end` at which the people on call may change; some change nothing."""
    zone = _zone(schedule.timezone)
    times = _wall_times(schedule)
    day = start.astimezone(zone).date() - timedelta(days=1)
    last = end.astimezone(zone).date() + timedelta(days=1)
    while day <= last:
        for instant in _instants_of(day, times, zone):
            if start < instant < end:
                yield instant
        day += timedelta(days=1)
    for instant in _named_instants(schedule, covers):
        if start < instant < end:
            yield instant.astimezone(UTC)


def _named_instants(schedule: Schedule, covers: Sequence[Override]) -> Iterator[datetime]:
    """The instants that are written down, rather than recurring."""
    for cover in covers:
        yield from (cover.starts_at, cover.ends_at)
    for layer in schedule.layers:
        yield from (instant for instant in (layer.begins_at, layer.ends_at) if instant is not None)
        for shift in layer.shifts.shifts if layer.shifts is not None else ():
            yield from (shift.starts_at, shift.ends_at)


def _wall_times(schedule: Schedule) -> frozenset[time]:
    windows = [window for layer in schedule.layers if layer.hours for window in parse_hours(layer.hours)]
    minutes = {minute % MINUTES_PER_DAY for window in windows for minute in (window.start, window.end)}
    times = {time(minute // 60, minute % 60) for minute in minutes} | {time(0)}
    rotations = [layer for layer in schedule.layers if layer.shifts is None]
    return frozenset(times.union(at for layer in rotations for at in handoff_times(layer)))


def _instants_of(day: date, times: frozenset[time], zone: ZoneInfo) -> Iterator[datetime]:
    """Both readings of each wall time, and the change of clocks on a day that has one."""
    for at in times:
        yield first_instant(day, at, zone)
        yield datetime.combine(day, at, zone).replace(fold=1).astimezone(UTC)
    morning, night = datetime.combine(day, time(0), zone), datetime.combine(day + timedelta(days=1), time(0), zone)
    if morning.utcoffset() != night.utcoffset():
        yield change_of_clocks(morning.astimezone(UTC), night.astimezone(UTC), zone)
