"""Computes the figures of a period from what is known of its incidents. Pure: everything read is passed in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from bot.domain.alerts.rates import AlertRates
from bot.domain.figures.distribution import Distribution, distribution
from bot.domain.figures.selection import EVERYTHING, Selection, keys_of
from bot.domain.figures.spans import Spans, spans
from bot.domain.figures.split import Buckets, Row, buckets, rows, sort_counts
from bot.domain.figures.targets import Cadence, TargetCounts, cadence, count_kept, outcomes
from bot.domain.figures.trend import Durations, Trend, trend
from bot.domain.incident.fact import IncidentFact
from bot.domain.policy.policy import Policy

SPANS = ("acknowledge_s", "identify_s", "mitigate_s", "resolve_s", "detect_s")
_REACHED = SPANS[:-1]  # what an open incident is still to reach


@dataclass(frozen=True, slots=True)
class Period:
    """From `start` until before `end`; an incident is in it by when it was detected."""

    start: datetime
    end: datetime

    @property
    def before(self) -> Period:
        """The period of the same length that ends where this one starts."""
        return Period(self.start - (self.end - self.start), self.start)

    def __contains__(self, instant: object) -> bool:
        return isinstance(instant, datetime) and self.start <= instant < self.end


@dataclass(frozen=True, slots=True)
class Scope:
    """The scope of a report: a period, a selection of its incidents, and what they are split by."""

    period: Period
    selection: Selection = EVERYTHING
    by: str = "severity"  # one of `BY`


@dataclass(frozen=True, slots=True)
class Share:
    """A part of `n`. None: there is nothing to share."""

    n: int
    part: int

    @property
    def share(self) -> float | None:
        """From 0 to 1."""
        return self.part / self.n if self.n else None


@dataclass(frozen=True, slots=True)
class ActivityCounts:
    """The counts beside those of incidents: alerts, updates, pages and action items."""

    alerts: AlertRates
    updates: Mapping[int, int] = field(default_factory=dict)  # by incident: how many were posted
    late_updates: Mapping[int, int] = field(default_factory=dict)  # by incident
    pages: Mapping[int, int] = field(default_factory=dict)  # by incident: how many were sent
    automated: frozenset[int] = frozenset()  # incidents for which a playbook's step ran by itself and worked
    actions: Share = Share(0, 0)  # items that were due or settled, and of those the completed


@dataclass(frozen=True, slots=True)
class Report:
    """The figures of a period. Drills, cancelled and merged incidents are counted apart, and nowhere else."""

    period: Period
    now: datetime
    incidents: int
    private: int
    open: int
    by_severity: dict[str, int]
    by_category: dict[str, int]
    by_service: dict[str, int]
    by_team: dict[str, int]
    resolved: int
    reopened: int
    drills: int
    cancelled: int
    merged: int
    spans: dict[str, Distribution]
    kept: TargetCounts
    cadence: Cadence
    pages: int
    paged: int  # incidents with a page
    alerts: AlertRates
    automated: Share
    actions: Share
    trends: dict[str, Trend]
    selection: Selection
    by: str  # what `rows` are split by
    rows: dict[str, Row]
    severities: dict[str, Row]
    buckets: Buckets


def report(
    facts: Sequence[IncidentFact], scope: Scope, policy: Policy, now: datetime, counts: ActivityCounts
) -> Report:
    """The figures of the period. `facts` may hold incidents of the period before, with which this one is compared."""
    period, facts = scope.period, scope.selection.of(facts)
    within = [fact for fact in facts if period.start <= fact.detected_at < period.end]
    counted = [fact for fact in within if fact.counts]
    resolved = [fact for fact in counted if fact.resolved_at is not None]
    numbers = {fact.number for fact in counted}
    before = period.before
    earlier = [fact for fact in facts if before.start <= fact.detected_at < before.end and fact.counts]
    real = [fact for fact in within if not fact.drill]
    now_spans, earlier_spans = [spans(fact) for fact in counted], [spans(fact) for fact in earlier]
    target_outcomes = outcomes(counted, policy, now)
    severities = rows(counted, now_spans, target_outcomes, "severity", policy)
    return Report(
        period=period,
        now=now,
        incidents=len(counted),
        private=sum(fact.private for fact in counted),
        open=sum(fact.open for fact in counted),
        by_severity=_count(counted, "severity", policy),
        by_category=_count(counted, "category", policy),
        by_service=_count(counted, "service", policy),
        by_team=_count(counted, "team", policy),
        resolved=len(resolved),
        reopened=sum(fact.episode > 1 for fact in counted),
        drills=len(within) - len(real),
        cancelled=sum(fact.status == "cancelled" for fact in real),
        merged=sum(fact.status == "merged" for fact in real),
        spans={name: distribution(_values(now_spans, name)) for name in SPANS},
        kept=count_kept(target_outcomes),
        cadence=cadence(counted, counts.updates, counts.late_updates, policy),
        pages=sum(count for number, count in counts.pages.items() if number in numbers),
        paged=len(numbers & counts.pages.keys()),
        alerts=counts.alerts,
        automated=Share(len(resolved), sum(fact.number in counts.automated for fact in resolved)),
        actions=counts.actions,
        trends={
            name: trend(_durations(counted, now_spans, name, now), _durations(earlier, earlier_spans, name, now))
            for name in SPANS
        },
        selection=scope.selection,
        by=scope.by,
        rows=severities if scope.by == "severity" else rows(counted, now_spans, target_outcomes, scope.by, policy),
        severities=severities,
        buckets=buckets(counted, period.start, period.end, policy),
    )


def _values(measured: Iterable[Spans], name: str) -> list[float | None]:
    index = Spans._fields.index(name)
    return [measurement[index] for measurement in measured]


def _durations(
    facts: Iterable[IncidentFact], measured: Iterable[Spans], name: str, now: datetime
) -> dict[str, Durations]:
    """By severity. What an open incident has not reached counts with the time it has taken so far."""
    so_far_counts = name in _REACHED
    lengths: dict[str, Durations] = {}
    for fact, seconds in zip(facts, _values(measured, name), strict=True):
        if seconds is not None:
            lengths.setdefault(fact.severity, Durations()).reached.append(seconds)
        elif so_far_counts and fact.open:
            so_far = max(0.0, (now - fact.detected_at).total_seconds())
            lengths.setdefault(fact.severity, Durations()).unfinished.append(so_far)
    return lengths


def _count(facts: Iterable[IncidentFact], by: str, policy: Policy) -> dict[str, int]:
    return sort_counts(Counter(key for fact in facts for key in keys_of(fact, by)), by, policy)
