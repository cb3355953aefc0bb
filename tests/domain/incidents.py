"""Incidents for domain tests, declared at noon under the small policy."""

from __future__ import annotations

from bot.domain.incident import Change, Incident, NewIncident, declare
from bot.domain.policy.policy import Policy
from bot.domain.routing import on_change
from bot.domain.routing.notice import Notice
from bot.domain.timeline.entry import GENESIS, RecordedEntry
from tests.domain.policies import NOON, POLICY


def new_incident(severity: str = "fatal", title: str = "Checkout is down") -> Incident:
    return declare(1, NewIncident(title, severity, "UREPORTER"), POLICY, NOON).incident


def recorded_entries(change: Change, first: int = 2) -> list[RecordedEntry]:
    """The entries of a change as the timeline has recorded them, numbered from `first`."""
    return [
        RecordedEntry(1, seq, entry, entry.key, GENESIS, GENESIS) for seq, entry in enumerate(change.entries, first)
    ]


def notices_of(before: Incident, change: Change, policy: Policy = POLICY) -> list[Notice]:
    """The notices that follow from a change."""
    return on_change(before, change.incident, recorded_entries(change), policy)
