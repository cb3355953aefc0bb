"""Computes whether incidents kept the targets of their severities, and updates their cadence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from bot.domain.incident.fact import IncidentFact
from bot.domain.policy.policy import Policy, Severity
from bot.domain.values import durations
from bot.domain.values.durations import Span

Outcomes = tuple[bool | None, bool | None]  # of the targets to acknowledge and to resolve; None: not known
_UNKNOWN: Outcomes = (None, None)
GRACE = timedelta(minutes=1)  # an update that is later than its time by no more than this is in time


@dataclass(frozen=True, slots=True)
class TargetCounts:
    """The numbers of kept targets and of known outcomes. An open incident past its target missed it."""

    acknowledged: int
    acknowledge_n: int
    resolved: int
    resolve_n: int

    @property
    def breaches(self) -> int:
        """Targets that were missed."""
        return self.acknowledge_n - self.acknowledged + self.resolve_n - self.resolved


@dataclass(frozen=True, slots=True)
class Cadence:
    """Status updates for which a severity asks, and how many of them were in time."""

    n: int
    in_time: int


def outcomes(facts: Iterable[IncidentFact], policy: Policy, now: datetime) -> list[Outcomes]:
    """For each fact whether it kept the targets of the policy in force, counted from the detection."""
    levels, zone = by_key(policy), policy.zone
    results: list[Outcomes] = []
    for fact in facts:
        level = levels.get(fact.severity)
        if level is None:
            results.append(_UNKNOWN)
            continue
        acknowledged = _outcome(fact.detected_at, fact.acknowledged_at, level.respond_within, zone, now)
        results.append((acknowledged, _outcome(fact.detected_at, fact.resolved_at, level.resolve_within, zone, now)))
    return results


def count_kept(results: Sequence[Outcomes]) -> TargetCounts:
    """Count the kept targets and the known outcomes."""
    acknowledged = [outcome for outcome, _ in results if outcome is not None]
    resolved = [outcome for _, outcome in results if outcome is not None]
    return TargetCounts(sum(acknowledged), len(acknowledged), sum(resolved), len(resolved))


def by_key(policy: Policy) -> dict[str, Severity]:
    """The severities of the policy by their keys."""
    return {level.key: level for level in policy.severities}


def late_updates(
    declared_at: datetime, ended_at: datetime | None, updates: Sequence[datetime], every: Span, zone: tzinfo
) -> list[tuple[int, timedelta]]:
    """Which of the updates came late, by index, and how late. The first counts from the declaration."""
    late = []
    before = declared_at
    for index, at in enumerate(updates):
        due = durations.add(before, every, zone) + GRACE
        if at > due and (ended_at is None or at <= ended_at):
            late.append((index, at - due + GRACE))
        before = at
    return late


def cadence(
    facts: Iterable[IncidentFact], posted: Mapping[int, int], late: Mapping[int, int], policy: Policy
) -> Cadence:
    """Over all incidents whose severity asks for updates: how many were posted, and how many of them late."""
    levels = by_key(policy)
    numbers = [fact.number for fact in facts if (level := levels.get(fact.severity)) and level.update_every is not None]
    n = sum(posted.get(number, 0) for number in numbers)
    return Cadence(n, n - sum(late.get(number, 0) for number in numbers))


def _outcome(begin: datetime, end: datetime | None, span: Span | None, zone: tzinfo, now: datetime) -> bool | None:
    """Whether a target was kept; None without one, or while it can still be kept."""
    if span is None:
        return None
    due = begin + span if isinstance(span, timedelta) else durations.add(begin, span, zone)
    if end is None:
        return None if now <= due else False
    return end <= due
