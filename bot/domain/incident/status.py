"""The eight states of an incident, in order, and the two that end it early."""

from __future__ import annotations

from enum import StrEnum

from bot.domain.errors import Refused


class Status(StrEnum):
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
# What a person may choose while the incident runs; the ends have verbs of their own.
CHOOSABLE = ORDER[1:6]
MEANINGS = {
    Status.DETECTED: "declared; nobody has said yet that they are responding",
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


def parse_status(text: str) -> Status:
    """A status by its name. Raises `Refused` listing what there is."""
    try:
        return Status(text.strip().lower())
    except ValueError:
        known = ", ".join(ORDER)
        raise Refused(f"There is no status “{text[:40]}”. Use one of: {known}.", "status investigating") from None


def check_move(current: Status, target: Status) -> None:
    """Forward jumps are allowed, steps back only while the incident runs and not back to `detected`."""
    if current in ENDED:
        raise Refused(f"This incident is {current}. Reopen it first.", "reopen It is failing again")
    if target is Status.DETECTED:
        raise Refused("An incident cannot become undetected.", "status investigating")
