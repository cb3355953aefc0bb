"""Defines the triage of a new incident: everything that may help its responders, for one short message."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.domain.actions.item import ActionItem
from bot.domain.alerts.group import AlertGroup
from bot.domain.alerts.service_change import ServiceChange
from bot.domain.playbook.definition import Playbook
from bot.domain.policy.policy import Contact
from bot.domain.triage.probable_causes import ProbableCause
from bot.domain.triage.service_catalog import Cause, ReachedService
from bot.domain.triage.similarity import SimilarIncident


@dataclass(frozen=True, slots=True)
class Triage:
    """The known facts that may help the responders of an incident."""

    similar: tuple[SimilarIncident, ...] = ()  # the most similar first
    affected: tuple[str, ...] = ()  # services, by their keys in the catalog
    affected_guessed: bool = False  # nobody named the services; the title mentions them
    radius: tuple[ReachedService, ...] = ()  # services that depend on the affected ones
    causes: tuple[Cause, ...] = ()
    firing: tuple[AlertGroup, ...] = ()  # other alerts of these services and of what they depend on
    changes: tuple[ServiceChange, ...] = ()  # shortly before the start, the nearest first
    probable: tuple[ProbableCause, ...] = ()  # the most probable first
    started_at: datetime | None = None
    contacts: tuple[Contact, ...] = ()
    links: tuple[tuple[str, str], ...] = ()  # title and address
    playbooks: tuple[Playbook, ...] = ()  # that fixed similar incidents
    unfinished: tuple[ActionItem, ...] = ()  # action items of similar incidents that were to prevent the next one

    @property
    def useful(self) -> bool:
        """Whether there is anything to show."""
        alerts = self.firing or self.changes
        return bool(self.similar or self.radius or self.causes or self.contacts or self.links or alerts)
