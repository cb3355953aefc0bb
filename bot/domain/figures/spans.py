"""Computes the spans of one incident: the review shows them, and the figures of a period are made of them."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from bot.domain.incident import Incident
from bot.domain.incident.fact import IncidentFact


class Spans(NamedTuple):
    """Spans of an incident in seconds, none below zero. None where the record does not say."""

    detect_s: float | None
    acknowledge_s: float | None
    identify_s: float | None
    mitigate_s: float | None
    resolve_s: float | None
    customer_impact_s: float | None


def spans(incident: Incident | IncidentFact) -> Spans:
    """The spans of an incident. Detection counts from the start, everything else from the detection."""
    detected, started = incident.detected_at, incident.started_at
    return Spans(
        _between(started, detected),
        _between(detected, incident.acknowledged_at),
        _between(detected, incident.identified_at),
        _between(detected, incident.mitigated_at),
        _between(detected, incident.resolved_at),
        _between(started or detected, incident.impact_ended_at or incident.resolved_at),
    )


def _between(begin: datetime | None, end: datetime | None) -> float | None:
    return None if begin is None or end is None else (end - begin).total_seconds() if end > begin else 0.0
