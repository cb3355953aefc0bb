"""Defines the value that effects receive and return: an incident before and after a change, about to be saved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.domain.incident import Incident
from bot.domain.policy.policy import Policy
from bot.domain.routing.notice import Notice
from bot.domain.timeline.entry import RecordedEntry


@dataclass(frozen=True, slots=True)
class IncidentSave:
    """An incident that is about to be saved with its notices. Its timeline entries are written already."""

    before: Incident | None  # None: it is being declared
    after: Incident
    recorded: Sequence[RecordedEntry]
    policy: Policy
    notices: tuple[Notice, ...] = ()
