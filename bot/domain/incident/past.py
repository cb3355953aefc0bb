"""Builds a closed incident from the record of another tool. Nobody is told, and nothing is due."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime

from bot.domain.incident.seal import SEAL, seal
from bot.domain.incident.state import Incident, Ladder
from bot.domain.incident.status import Status
from bot.domain.timeline.entry import BOT, Entry, entry

_TITLE = 300
_WORDS = 20_000  # of one entry


@dataclass(frozen=True, slots=True)
class PastNote:
    """Something that was written down while it ran."""

    at: datetime
    author: str  # a name or an address, as the other tool has it
    text: str


@dataclass(frozen=True, slots=True)
class PastIncident:
    """An incident of another tool. Its times are kept; `source`, `kind` and `id` say which one it is."""

    source: str
    kind: str
    id: str
    title: str
    severity: str  # a key of the policy
    declared_at: datetime
    resolved_at: datetime
    description: str = ""
    fixed: str = ""  # what fixed it
    acknowledged_at: datetime | None = None
    acknowledged_by: str = ""
    services: tuple[str, ...] = ()  # keys of the policy
    roles: dict[str, str] = field(default_factory=dict)  # role: a name or an address
    holders: dict[str, str] = field(default_factory=dict)  # role key of the policy: Slack user ID, where it is known
    notes: tuple[PastNote, ...] = ()


def closed_incident(
    number: int, past: PastIncident, policy: str, *, counted: bool
) -> tuple[Incident, tuple[Entry, ...]]:
    """The incident, closed, with its entries in order of time. `counted`: whether figures count it."""
    resolved_at = max(past.resolved_at, past.declared_at)
    acknowledged_at = past.acknowledged_at
    if acknowledged_at is not None:
        acknowledged_at = min(max(acknowledged_at, past.declared_at), resolved_at)
    incident = Incident(
        number=number,
        title=" ".join(past.title.split())[:_TITLE] or "Untitled incident",
        description=past.description[:_WORDS],
        summary=past.fixed[:_WORDS],
        severity=past.severity,
        services=past.services,
        roles=dict(past.holders),
        declared_by=BOT,
        declared_at=past.declared_at,
        detected_at=past.declared_at,
        ladder=Ladder(started_at=past.declared_at),
        status=Status.CLOSED,
        acknowledged_at=acknowledged_at,
        acknowledged_by=past.acknowledged_by or None,
        resolved_at=resolved_at,
        closed_at=resolved_at,
        ended_at=resolved_at,
        policy=policy,
        imported_from=f"{past.source} {past.kind} {past.id}",
        uncounted=not counted,
    )
    entries = _entries(past, incident)
    last = entries[-1]
    return incident, (*entries[:-1], replace(last, data={**last.data, SEAL: seal(incident)}))


def _entries(past: PastIncident, incident: Incident) -> list[Entry]:
    declaration = f"{incident.title} (imported: {past.source} {past.kind.replace('_', ' ')} {past.id})"
    begun = entry(past.declared_at, "declared", BOT, declaration, severity=past.severity)
    between = [entry(past.declared_at, "note", BOT, f"{role}: {person}") for role, person in past.roles.items()]
    if incident.acknowledged_at is not None:
        acknowledger = past.acknowledged_by or "somebody"
        between.append(entry(incident.acknowledged_at, "note", BOT, f"Acknowledged by {acknowledger}"))
    for note in past.notes:
        text = f"{note.author}: {note.text}" if note.author else note.text
        between.append(entry(note.at, "note", BOT, text[:_WORDS]))
    between.sort(key=lambda record: record.at)
    ended = incident.resolved_at or past.declared_at
    return [begun, *between, entry(max([ended, *(record.at for record in between)]), "closed", BOT, incident.summary)]
