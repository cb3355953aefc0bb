"""Computes the figures of a period from what is known of its incidents. Pure: everything read is passed in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from bot.domain.alerts.rates import AlertRates
from bot.domain.figures.distribution import Distribution, distribution
from bot.domain.figures.spans import Spans, spans
from bot.domain.figures.targets import Cadence, Kept, cadence, kept
from bot.domain.figures.trend import Length, Trend, trend
from bot.domain.incident.fact import IncidentFact
from bot.domain.policy.policy import Policy

PRIVATE = "private"  # under which the services and categories of private incidents are counted
UNKNOWN = "unknown"
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
class Share:
    """A part of `n`. None: there is nothing to share."""

    n: int
    part: int

    @property
    def share(self) -> float | None:
        """From 0 to 1."""
        return self.part / self.n if self.n else None


@dataclass(frozen=True, slots=True)
class Beside:
    """What is counted beside the incidents themselves."""

    alerts: AlertRates
    updates: Mapping[int, Sequence[datetime]] = field(default_factory=dict)  # by incident, in order
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
    resolved: int
    reopened: int
    drills: int
    cancelled: int
    merged: int
    spans: dict[str, Distribution]
    kept: Kept
    cadence: Cadence
    pages: int
    paged: int  # incidents with a page
    alerts: AlertRates
    automated: Share
    actions: Share
    trends: dict[str, Trend]


def report(facts: Sequence[IncidentFact], period: Period, policy: Policy, now: datetime, beside: Beside) -> Report:
    """The figures of the period. `facts` may hold incidents of the period before, with which this one is compared."""
    within = [fact for fact in facts if fact.detected_at in period]
    counted = [fact for fact in within if fact.counts]
    resolved = [fact for fact in counted if fact.resolved_at is not None]
    measured = [spans(fact) for fact in counted]
    numbers = {fact.number for fact in counted}
    earlier = [fact for fact in facts if fact.counts and fact.detected_at in period.before]
    real = [fact for fact in within if not fact.drill]
    return Report(
        period=period,
        now=now,
        incidents=len(counted),
        private=sum(fact.private for fact in counted),
        open=sum(fact.open for fact in counted),
        by_severity=_by_severity(counted, policy),
        by_category=_most_first(PRIVATE if fact.private else fact.category or UNKNOWN for fact in counted),
        by_service=_most_first(service for fact in counted for service in _services(fact)),
        resolved=len(resolved),
        reopened=sum(fact.episode > 1 for fact in counted),
        drills=len(within) - len(real),
        cancelled=sum(fact.status == "cancelled" for fact in real),
        merged=sum(fact.status == "merged" for fact in real),
        spans={name: distribution(_values(measured, name)) for name in SPANS},
        kept=kept(counted, policy, now),
        cadence=cadence(counted, beside.updates, policy),
        pages=sum(count for number, count in beside.pages.items() if number in numbers),
        paged=len(numbers & beside.pages.keys()),
        alerts=beside.alerts,
        automated=Share(len(resolved), sum(fact.number in beside.automated for fact in resolved)),
        actions=beside.actions,
        trends={name: trend(_lengths(counted, name, now), _lengths(earlier, name, now)) for name in SPANS},
    )


def _values(measured: Iterable[Spans], name: str) -> list[float | None]:
    return [getattr(each, name) for each in measured]


def _lengths(facts: Iterable[IncidentFact], name: str, now: datetime) -> dict[str, list[Length]]:
    """By severity. What an open incident has not reached counts with the time it has taken so far."""
    lengths: dict[str, list[Length]] = {}
    for fact in facts:
        seconds = getattr(spans(fact), name)
        if seconds is not None:
            lengths.setdefault(fact.severity, []).append(Length(seconds))
        elif fact.open and name in _REACHED:
            so_far = max(0.0, (now - fact.detected_at).total_seconds())
            lengths.setdefault(fact.severity, []).append(Length(so_far, reached=False))
    return lengths


def _services(fact: IncidentFact) -> tuple[str, ...]:
    return (PRIVATE,) if fact.private else tuple(dict.fromkeys(fact.services)) or (UNKNOWN,)


def _by_severity(facts: Iterable[IncidentFact], policy: Policy) -> dict[str, int]:
    """The worst first; then severities that the policy does not have any more."""
    counts = Counter(fact.severity for fact in facts)
    known = [level.key for level in policy.severities if level.key in counts]
    return {key: counts[key] for key in [*known, *sorted(counts.keys() - set(known))]}


def _most_first(names: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(names).items(), key=lambda item: (-item[1], item[0])))
