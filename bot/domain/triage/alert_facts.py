"""Defines what is known beside a group of alerts: who owns its services, what changed there, and similar incidents."""

from __future__ import annotations

from dataclasses import dataclass

from bot.domain.alerts.service_change import ServiceChange
from bot.domain.incident import Incident
from bot.domain.policy.policy import Contact
from bot.domain.triage.similarity import SimilarIncident


@dataclass(frozen=True, slots=True)
class AlertFacts:
    """The card's facts beside the alerts. They contain no private incident, since everybody may read a card."""

    owners: tuple[Contact, ...] = ()
    on_call: tuple[str, ...] = ()  # names of schedules
    links: tuple[tuple[str, str], ...] = ()  # title and address: dashboards, logs
    changes: tuple[ServiceChange, ...] = ()  # shortly before the start, the nearest first
    similar: tuple[SimilarIncident, ...] = ()  # the most similar first
    playbooks: tuple[str, ...] = ()  # titles, the best first
    previous: Incident | None = None  # the ended incident of the same alerts
