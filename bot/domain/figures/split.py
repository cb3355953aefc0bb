"""Splits the incidents of a period by severity, service, category or team, and by week."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo

from bot.domain.figures.distribution import Distribution, distribution
from bot.domain.figures.selection import keys_of
from bot.domain.figures.spans import Spans
from bot.domain.figures.targets import Kept, kept
from bot.domain.incident.fact import IncidentFact
from bot.domain.policy.policy import Policy

MOST_BUCKETS = 20  # what a chart of Slack takes


@dataclass(frozen=True, slots=True)
class Row:
    """The incidents of one severity, service, category or team."""

    incidents: int
    open: int
    resolved: int
    acknowledge_s: Distribution
    resolve_s: Distribution
    kept: Kept


@dataclass(frozen=True, slots=True)
class Buckets:
    """How many incidents were detected in each week or, of a long period, in each month, quarter or year."""

    unit: str  # `week`, `month`, `quarter` or `year`
    starts: tuple[date, ...]  # the first day of each, the oldest first
    counts: dict[str, tuple[int, ...]]  # by severity, one for each start


def rows(
    facts: Iterable[IncidentFact], measured: Iterable[Spans], by: str, policy: Policy, now: datetime
) -> dict[str, Row]:
    """A row for each key, the worst severity or the most frequent key first. `measured` are the facts' spans."""
    members: dict[str, tuple[list[IncidentFact], list[Spans]]] = {}
    for fact, spans in zip(facts, measured, strict=True):
        for key in keys_of(fact, by):
            those = members.setdefault(key, ([], []))
            those[0].append(fact)
            those[1].append(spans)
    counts = {key: len(those) for key, (those, _) in members.items()}
    return {key: _row(*members[key], policy, now) for key in ordered(counts, by, policy)}


def ordered(counts: dict[str, int], by: str, policy: Policy) -> dict[str, int]:
    """Severities, the worst first, with those that the policy does not have any more last; else the most frequent."""
    if by != "severity":
        return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
    known = [level.key for level in policy.severities if level.key in counts]
    return {key: counts[key] for key in [*known, *sorted(counts.keys() - set(known))]}


def _row(facts: Sequence[IncidentFact], measured: Sequence[Spans], policy: Policy, now: datetime) -> Row:
    return Row(
        incidents=len(facts),
        open=sum(fact.open for fact in facts),
        resolved=sum(fact.resolved_at is not None for fact in facts),
        acknowledge_s=distribution(each.acknowledge_s for each in measured),
        resolve_s=distribution(each.resolve_s for each in measured),
        kept=kept(facts, policy, now),
    )


def buckets(facts: Iterable[IncidentFact], start: datetime, end: datetime, policy: Policy) -> Buckets:
    """Count by the finest unit of which the period has at most `MOST_BUCKETS`. Weeks start on Monday."""
    zone = policy.zone
    first, last = start.astimezone(zone).date(), (end - timedelta(microseconds=1)).astimezone(zone).date()
    for unit in ("week", "month", "quarter", "year"):
        starts = _starts(unit, first, last)
        if len(starts) <= MOST_BUCKETS:
            break
    else:
        starts = starts[-MOST_BUCKETS:]
    return Buckets(unit, tuple(starts), _counts(facts, unit, starts, zone, policy))


def _counts(
    facts: Iterable[IncidentFact], unit: str, starts: Sequence[date], zone: tzinfo, policy: Policy
) -> dict[str, tuple[int, ...]]:
    place = {begin: index for index, begin in enumerate(starts)}
    counted: dict[str, list[int]] = {}
    for fact in facts:
        index = place.get(_start_of(unit, fact.detected_at.astimezone(zone).date()))
        if index is not None:
            counted.setdefault(fact.severity, [0] * len(starts))[index] += 1
    order = ordered({key: sum(values) for key, values in counted.items()}, "severity", policy)
    return {key: tuple(counted[key]) for key in order}


def _starts(unit: str, first: date, last: date) -> list[date]:
    starts = [_start_of(unit, first)]
    while (following := _next(unit, starts[-1])) <= last:
        starts.append(following)
    return starts


def _start_of(unit: str, day: date) -> date:
    if unit == "week":
        return day - timedelta(days=day.weekday())
    if unit == "month":
        return day.replace(day=1)
    if unit == "quarter":
        return day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)
    return day.replace(month=1, day=1)


def _next(unit: str, begin: date) -> date:
    days = {"week": 7, "month": 31, "quarter": 92, "year": 366}[unit]
    return _start_of(unit, begin + timedelta(days=days))
