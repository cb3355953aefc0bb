"""Computes the uptime of a component from what was published: a state for each day, and one figure.

    uptime = 1 − (degraded × its weight + partial × its weight + major × its weight) / recorded time

Where publications overlap, the worst state counts. Planned maintenance is shown, and is no downtime.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from datetime import time as clock_time
from zoneinfo import ZoneInfo

from bot.domain.policy.status_page_rules import UptimeWeights
from bot.domain.statuspage.component_state import ComponentState, rank, worst
from bot.domain.statuspage.publication import RUNNING_MAINTENANCE, Publication

ZERO = timedelta(0)


@dataclass(frozen=True, slots=True)
class Span:
    """A time during which a component was in one state other than operational."""

    starts_at: datetime
    ends_at: datetime
    state: ComponentState


@dataclass(frozen=True, slots=True)
class Day:
    """One day of a component in the page's time zone."""

    day: date
    recorded: bool  # False before anything was recorded
    spent: dict[ComponentState, timedelta] = field(default_factory=dict)  # in states other than operational

    @property
    def state(self) -> ComponentState:
        """The worst state of the day."""
        return worst(self.spent)


@dataclass(frozen=True, slots=True)
class Uptime:
    """A component's days, the oldest first, and its uptime over them as a share; None without any record."""

    days: tuple[Day, ...]
    share: float | None


def spans(publications: Sequence[Publication], key: str, now: datetime) -> list[Span]:
    """When the component was not operational, in order and without overlaps: the worst state counts."""
    pieces = [piece for publication in publications for piece in _pieces(publication, key, now)]
    return _merge(pieces)


def uptime(
    publications: Sequence[Publication], key: str, window: Sequence[date], since: datetime, now: datetime,
    zone: ZoneInfo, weights: UptimeWeights,
) -> Uptime:  # fmt: skip
    """The uptime of a component over the days of `window`, which end with today. Nothing is recorded before `since`."""
    not_up = spans(publications, key, now)
    days = tuple(_day(day, not_up, since, now, zone) for day in window)
    begins = max(since, _midnight(window[0], zone))
    recorded = (now - begins).total_seconds()
    if recorded <= 0:
        return Uptime(days, None)
    share_of = {
        ComponentState.DEGRADED_PERFORMANCE: weights.degraded,
        ComponentState.PARTIAL_OUTAGE: weights.partial,
        ComponentState.MAJOR_OUTAGE: weights.major,
    }
    down = sum(
        share_of.get(span.state, 0.0) * max(0.0, (span.ends_at - max(span.starts_at, begins)).total_seconds())
        for span in not_up
    )
    return Uptime(days, max(0.0, 1 - down / recorded))


def last_days(count: int, now: datetime, zone: ZoneInfo) -> list[date]:
    """The last `count` days in this time zone, today included, the oldest first."""
    today = now.astimezone(zone).date()
    return [today - timedelta(days=days_ago) for days_ago in range(count - 1, -1, -1)]


def _pieces(publication: Publication, key: str, now: datetime) -> list[Span]:
    """The spans that one publication gives to a component."""
    ends = [*(later_update.at for later_update in publication.updates[1:]), publication.ended_at or now]
    pieces = []
    for number, (update, end) in enumerate(zip(publication.updates, ends, strict=True)):
        state = update.components.get(key, ComponentState.OPERATIONAL)
        if publication.is_maintenance:
            state = ComponentState.UNDER_MAINTENANCE if update.status in RUNNING_MAINTENANCE else state
            if update.status not in RUNNING_MAINTENANCE:
                continue
            if key not in publication.components:
                continue
        start = publication.started_at if number == 0 and not publication.is_maintenance else update.at
        if state is not ComponentState.OPERATIONAL and end > start:
            pieces.append(Span(start, end, state))
    return pieces


def _merge(pieces: Sequence[Span]) -> list[Span]:
    """The pieces without overlaps: at each moment the worst of them. Neighbours in one state become one."""
    events = sorted(
        [(piece.starts_at, 1, piece.state) for piece in pieces]
        + [(piece.ends_at, -1, piece.state) for piece in pieces],
        key=lambda event: event[0],
    )
    running = dict.fromkeys(ComponentState, 0)
    merged: list[Span] = []
    previous: datetime | None = None
    for at, step, state in events:
        current = max((candidate for candidate, count in running.items() if count), key=rank, default=None)
        if previous is not None and current is not None and at > previous:
            if merged and merged[-1].ends_at == previous and merged[-1].state is current:
                merged[-1] = Span(merged[-1].starts_at, at, current)
            else:
                merged.append(Span(previous, at, current))
        running[state] += step
        previous = at
    return merged


def _day(day: date, not_up: Sequence[Span], since: datetime, now: datetime, zone: ZoneInfo) -> Day:
    starts, ends = _midnight(day, zone), _midnight(day + timedelta(days=1), zone)
    spent: dict[ComponentState, timedelta] = {}
    for span in not_up:
        shared = min(span.ends_at, ends, now) - max(span.starts_at, starts)
        if shared > ZERO:
            spent[span.state] = spent.get(span.state, ZERO) + shared
    return Day(day, since < ends, spent)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, clock_time(0), zone)
