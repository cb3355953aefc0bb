"""Hashes the sealed fields of an incident. The timeline keeps the hash, so that a tampered row is found.

Each change of these fields writes an entry, and the last entry of the change gets the seal over the new state.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from bot.domain.incident.state import Incident
from bot.domain.timeline.entry import Entry, rfc3339

SEAL = "_incident"  # in an entry's data; keys that begin with _ are shown to nobody
LEDGER = "_ledger"  # in an entry's data: decisions about deadlines, as `{dedup_key: [state, seal of the reason]}`
_VERSION = "1"
# Each of these may change a sealed field. Where the last of them has no seal, an earlier version wrote it.
SEALED_KINDS = frozenset({
    "declared", "acknowledged", "status", "severity", "role", "handover", "resolved", "closed", "cancelled", "reopened",
    "redacted",
})  # fmt: skip


def seal(incident: Incident) -> str:
    """A hash of the incident's title, severity, status, roles, times, and who may see it."""
    *values, roles, declared_by, declared_at, ended_at = _sealed_fields(incident)
    values += [sorted(roles.items()), declared_by, rfc3339(declared_at), rfc3339(ended_at) if ended_at else None]
    return f"{_VERSION}:{_hash(json.dumps(values, ensure_ascii=False, separators=(',', ':')))}"


def reason_seal(reason: str) -> str:
    """A hash of a decision's reason: the words themselves may have to be redacted."""
    return _hash(reason)[:16]


def needs_seal(before: Incident | None, after: Incident, entries: Sequence[Entry]) -> bool:
    """Whether a change gets a seal: it is of a sealed kind, or changes a sealed field."""
    if any(entry.kind in SEALED_KINDS for entry in entries):
        return True
    return bool(entries) and (before is None or _sealed_fields(before) != _sealed_fields(after))


def _sealed_fields(incident: Incident) -> tuple[Any, ...]:
    return (
        incident.title, incident.severity, str(incident.status), incident.private, incident.drill, incident.roles,
        incident.declared_by, incident.declared_at, incident.ended_at,
    )  # fmt: skip


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
