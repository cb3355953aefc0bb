"""Splits the incidents of a period by severity, service, category or team, and by week."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from bot.domain.figures.distribution import Distribution, distribution
from bot.domain.figures.selection import keys_of
from bot.domain.figures.spans import Spans
from bot.domain.figures.targets import Outcomes, TargetCounts, count_kept
from bot.domain.incident.fact import IncidentFact
from bot.domain.policy.policy import Policy
from bot.domain.values.wall_clock import first_instant

MOST_BUCKETS = 20  # what a chart of Slack takes
_Member = tuple[IncidentFact, Spans, Outcomes]


@dataclass(frozen=True, slots=True)
class Row:
    """The incidents of one severity, service, category or team."""

    incidents: int
    open: int
    resolved: int
    acknowledge_s: Distribution
    resolve_s: Distribution
    kept: TargetCounts


@dataclass(frozen=True, slots=True)
class Buckets:
    """The numbers of incidents detected in each week or, in a long period, in each month, quarter or year."""

    unit: str  # `week`, `month`, `quarter` or `year`
    starts: tuple[date, ...]  # the first day of each, the oldest first
    counts: dict[str, tuple[int, ...]]  # by severity, one for each start


def rows(
    facts: Iterable[IncidentFact], measured: Iterable[Spans], outcomes: Iterable[Outcomes], by: str, policy: Policy
) -> dict[str, Row]:
    """A row for each key, the worst severity or the most frequent key first.

    `measured` are the facts' spans, and `outcomes` says whether they kept their targets.
    """
    members: dict[str, list[_Member]] = {}
    for member in zip(facts, measured, outcomes, strict=True):
        for key in keys_of(member[0], by):
            members.setdefault(key, []).append(member)
    counts = {key: len(key_members) for key, key_members in members.items()}
    return {key: _row(members[key]) for key in sort_counts(counts, by, policy)}


def sort_counts(counts: dict[str, int], by: str, policy: Policy) -> dict[str, int]:
    """Sort severities from the worst on, those that the policy no longer has last; anything else by frequency."""
    if by != "severity":
        return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
    policy_keys = [level.key for level in policy.severities if level.key in counts]
    return {key: counts[key] for key in [*policy_keys, *sorted(counts.keys() - set(policy_keys))]}


def _row(members: Sequence[_Member]) -> Row:
    return Row(
        incidents=len(members),
        open=sum(fact.open for fact, _, _ in members),
        resolved=sum(fact.resolved_at is not None for fact, _, _ in members),
        acknowledge_s=distribution(measured.acknowledge_s for _, measured, _ in members),
        resolve_s=distribution(measured.resolve_s for _, measured, _ in members),
        kept=count_kept([outcomes for _, _, outcomes in members]),
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
    return Buckets(unit, tuple(starts), _counts(facts, starts, zone, policy))


def _counts(
    facts: Iterable[IncidentFact], starts: Sequence[date], zone: tzinfo, policy: Policy
) -> dict[str, tuple[int, ...]]:
    begins = [first_instant(start, time(), zone).astimezone(UTC) for start in starts]
    counted: dict[str, list[int]] = {}
    for fact in facts:
        index = bisect_right(begins, fact.detected_at) - 1
        if index >= 0:
            counted.setdefault(fact.severity, [0] * len(starts))[index] += 1
    order = sort_counts({key: sum(values) for key, values in counted.items()}, "severity", policy)
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
