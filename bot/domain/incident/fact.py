"""Defines the facts of one incident from which the figures of a period are computed."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from bot.domain.incident.status import ENDED, Status


class IncidentFact(NamedTuple):
    """An incident without its words. Instants are aware and in UTC. A tuple, because there are ten thousands."""

    number: int
    severity: str
    status: Status
    private: bool
    drill: bool
    category: str | None
    services: tuple[str, ...]
    episode: int
    declared_at: datetime
    detected_at: datetime
    started_at: datetime | None = None
    acknowledged_at: datetime | None = None
    identified_at: datetime | None = None
    mitigated_at: datetime | None = None
    resolved_at: datetime | None = None  # of the latest episode
    ended_at: datetime | None = None
    impact_ended_at: datetime | None = None
    teams: tuple[str, ...] = ()  # keys of the teams that look after its services

    @property
    def open(self) -> bool:
        """Whether it still runs."""
        return self.status not in ENDED

    @property
    def counts(self) -> bool:
        """Whether the figures count it: drills, cancelled and merged incidents are left out."""
        return not self.drill and self.status not in (Status.CANCELLED, Status.MERGED)
