"""Ranks what may have caused an incident, with evidence: changes, dependencies that fire, and similar incidents.

The confidences are rules of thumb, which add up where several things point to one service. They are never a verdict:
none reaches `MOST`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.alerts.group import AlertGroup
from bot.domain.alerts.service_change import ServiceChange
from bot.domain.triage.service_catalog import Cause
from bot.domain.triage.similarity import SimilarIncident
from bot.domain.values import durations

MOST = 0.9
BY_NEARNESS = ((10, 0.6), (30, 0.45), (60, 0.35), (120, 0.2))  # minutes from the change to the start → confidence
FIRING, FIRING_FIRST = 0.5, 0.6  # a dependency whose alerts fire; that fired before the incident began
NAMED = 0.3  # an open or similar incident at a dependency, or one that several affected services share
BY_DISTANCE = (1.0, 0.9, 0.75)  # an affected service, what it depends on, and further on
SIMILAR = 0.7  # of the likeness


@dataclass(frozen=True, slots=True)
class ProbableCause:
    """A probable cause of the incident."""

    service: str | None  # key in the catalog; None: a similar incident
    confidence: float  # 0 to `MOST`
    evidence: tuple[str, ...]  # for people, the strongest first
    incident: int | None = None  # the similar incident


@dataclass(frozen=True, slots=True)
class Evidence:
    """The facts around an incident from which its probable causes are ranked."""

    started_at: datetime
    distances: Mapping[str, int]  # the affected services (0) and what they depend on, in dependencies
    changes: Sequence[ServiceChange] = ()
    firing: Sequence[AlertGroup] = ()
    suspects: Sequence[Cause] = ()  # by open and similar incidents
    similar: Sequence[SimilarIncident] = ()


def probable_causes(clues: Evidence) -> tuple[ProbableCause, ...]:
    """The services, and similar incidents, that anything points to: the most probable first."""
    by_service: dict[str, list[tuple[float, str]]] = {}
    for change in clues.changes:
        if change.service in clues.distances and (weight := _of_change(change, clues.started_at)):
            by_service.setdefault(change.service, []).append((weight, _change_text(change, clues.started_at)))
    for group in clues.firing:
        for service in group.services:
            if clues.distances.get(service, 0) > 0:
                first = group.started_at < clues.started_at
                evidence_text = f"its alerts fire ({group.id}{', since before this' if first else ''})"
                by_service.setdefault(service, []).append((FIRING_FIRST if first else FIRING, evidence_text))
    for suspect in clues.suspects:
        by_service.setdefault(suspect.key, []).extend((NAMED, reason) for reason in suspect.reasons)
    causes = [_of_service(key, evidence, clues.distances.get(key, 2)) for key, evidence in by_service.items()]
    causes += [_of_similar(match) for match in clues.similar if match.fixed and not match.incident.open]
    return tuple(sorted(causes, key=lambda cause: (-cause.confidence, cause.service or "", cause.incident or 0)))


def _of_change(change: ServiceChange, started_at: datetime) -> float:
    before = started_at - change.at
    if before < timedelta(0):
        return 0.0
    return next((weight for minutes, weight in BY_NEARNESS if before <= timedelta(minutes=minutes)), 0.0)


def _change_text(change: ServiceChange, started_at: datetime) -> str:
    by = f" by {change.author}" if change.author else ""
    return f"{change.kind} “{change.title}”{by} {durations.approximate(started_at - change.at)} before the start"


def _of_service(key: str, evidence: Sequence[tuple[float, str]], distance: int) -> ProbableCause:
    doubt = 1.0
    for weight, _ in evidence:
        doubt *= 1 - weight * BY_DISTANCE[min(distance, len(BY_DISTANCE) - 1)]
    ordered = [cause for _, cause in sorted(evidence, key=lambda pair: -pair[0])]
    return ProbableCause(key, min(MOST, 1 - doubt), tuple(dict.fromkeys(ordered)))


def _of_similar(match: SimilarIncident) -> ProbableCause:
    cause = f"{match.incident.id} looked the same, and was fixed by: {match.fixed}"
    return ProbableCause(None, min(MOST, match.confidence * SIMILAR), (cause,), match.incident.number)
