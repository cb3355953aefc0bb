"""Defines the record of what an audience was last told of an incident."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class AudienceMessage:
    """The latest message to an audience, with the state of the incident that it told."""

    at: datetime
    stage: str  # `start`, `update`, `resolved` or `briefing`
    number: int  # of the message among those to this audience, from 1
    update: int  # number of the latest status update then
    status: str
    severity: str
    episode: int
    services: tuple[str, ...] = ()
