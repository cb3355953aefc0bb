"""Defines the statuses of an incident: eight in order, and two (cancelled, merged) that end it early."""

from __future__ import annotations

from enum import StrEnum

from bot.domain.errors import Refused


class Status(StrEnum):
    """The status of an incident. The values are persisted."""

    DETECTED = "detected"
    ACKNOWLEDGED = "acknowledged"
    INVESTIGATING = "investigating"
    IDENTIFIED = "identified"
    MITIGATING = "mitigating"
    MONITORING = "monitoring"
    RESOLVED = "resolved"
    CLOSED = "closed"
    CANCELLED = "cancelled"
    MERGED = "merged"


ORDER = (
    Status.DETECTED,
    Status.ACKNOWLEDGED,
    Status.INVESTIGATING,
    Status.IDENTIFIED,
    Status.MITIGATING,
    Status.MONITORING,
    Status.RESOLVED,
    Status.CLOSED,
)
ENDED = frozenset({Status.RESOLVED, Status.CLOSED, Status.CANCELLED, Status.MERGED})
CHOOSABLE = ORDER[1:6]  # by hand while the incident runs; ending it has verbs of its own
MEANINGS = {
    Status.DETECTED: "declared; nobody has acknowledged it yet",
    Status.ACKNOWLEDGED: "somebody is responding",
    Status.INVESTIGATING: "looking for the cause",
    Status.IDENTIFIED: "the cause is known",
    Status.MITIGATING: "a fix is under way",
    Status.MONITORING: "the fix is in place and being watched",
    Status.RESOLVED: "it is over",
    Status.CLOSED: "nothing is left to do",
    Status.CANCELLED: "a false alarm",
    Status.MERGED: "continued in another incident",
}


def check_move(current: Status, target: Status) -> None:
    """Raise `Refused` unless a running incident may go from `current` to `target`.

    Jumps forward and steps back are allowed, except back to `detected`.
    """
    if current in ENDED:
        raise Refused(f"This incident is {current}. Reopen it first.", "reopen It is failing again")
    if target is Status.DETECTED:
        raise Refused("An incident cannot become undetected.", "status investigating")
