"""Corrects when an incident started, was detected, mitigated and resolved, and when customers were affected no more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.domain.errors import Refused
from bot.domain.incident.state import Change, Incident
from bot.domain.incident.status import Status
from bot.domain.timeline.entry import Entry, entry

LABELS = {
    "started_at": "Started",
    "detected_at": "Detected",
    "mitigated_at": "Mitigated",
    "resolved_at": "Resolved",
    "impact_ended_at": "Impact ended",
}
EXAMPLE = "times"
GRACE = timedelta(minutes=1)  # clocks differ


class ImpossibleTime(Refused):
    """A correction cannot be true. `field` is the time that is wrong."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message, EXAMPLE)
        self.field = field


def correct(incident: Incident, corrections: Mapping[str, datetime], reason: str, actor: str, now: datetime) -> Change:
    """The incident with other times, and an entry for each that has changed; keys as in `LABELS`.

    Raises `Refused` without a reason, and `ImpossibleTime` for what cannot have been.
    """
    require_counted(incident)
    changed = {name: at for name, at in corrections.items() if at != getattr(incident, name)}
    if not changed:
        return Change(incident)
    cleaned_reason = " ".join(reason.split())
    if not cleaned_reason:
        raise Refused("Say how you know, in a few words: the correction stays on the timeline.", EXAMPLE)
    for name, at in changed.items():
        if at > now + GRACE:
            raise ImpossibleTime(name, f"{LABELS[name]} would be in the future.")
        if name == "resolved_at" and incident.resolved_at is None:
            raise ImpossibleTime(name, f"{incident.id} is not resolved. Resolve it first.")
    stamps: dict[str, Any] = dict(changed)
    if "resolved_at" in changed and "mitigated_at" not in changed and incident.mitigated_at == incident.resolved_at:
        stamps["mitigated_at"] = changed["resolved_at"]  # it was mitigated by being resolved
    after = replace(incident, **stamps)
    _require_order(after, changed)
    if "resolved_at" in changed and after.resolved_at is not None:
        after = replace(after, ended_at=max(after.resolved_at, after.declared_at))
    return Change(after, tuple(_entry(incident, name, at, cleaned_reason, actor, now) for name, at in changed.items()))


def require_counted(incident: Incident) -> None:
    """Raise `Refused` for an incident that no figure counts, since it was cancelled or merged."""
    if incident.status is Status.MERGED and incident.merged_into is not None:
        into = f"INC-{incident.merged_into}"
        raise Refused(f"{incident.id} is merged into {into}, whose times are counted.", f"times --in {into}")
    if incident.status in (Status.CANCELLED, Status.MERGED):
        raise Refused(f"{incident.id} is {incident.status}, so its times are not counted.", "list all")


def _require_order(incident: Incident, changed: Mapping[str, datetime]) -> None:
    """Raise `ImpossibleTime` where one of the changed times contradicts another time of the incident."""
    order: list[tuple[str, datetime | None, str, datetime | None]] = [
        ("started_at", incident.started_at, "detected_at", incident.detected_at),
        ("detected_at", incident.detected_at, "", incident.declared_at),
        ("detected_at", incident.detected_at, "mitigated_at", incident.mitigated_at),
        ("mitigated_at", incident.mitigated_at, "resolved_at", incident.resolved_at),
        ("detected_at", incident.detected_at, "resolved_at", incident.resolved_at),
        ("started_at", incident.started_at, "impact_ended_at", incident.impact_ended_at),
        ("detected_at", incident.detected_at, "impact_ended_at", incident.impact_ended_at),
    ]
    for first, first_at, second, second_at in order:
        if first_at is None or second_at is None or first_at <= second_at or not {first, second} & set(changed):
            continue
        wrong_field = second if second in changed else first
        other_label = LABELS.get(first if wrong_field == second else second, "It was declared")
        side = "before" if wrong_field == second else "after"
        raise ImpossibleTime(
            wrong_field, f"{LABELS[wrong_field]} would be {side} “{other_label}”. Correct that, too, or choose another."
        )


def _entry(incident: Incident, name: str, at: datetime, reason: str, actor: str, now: datetime) -> Entry:
    before: datetime | None = getattr(incident, name)
    was = f"{_utc_text(before)} → " if before else ""
    text = f"{LABELS[name]}: {was}{_utc_text(at)}: {reason}"
    facts = {"field": name, "before": before.isoformat() if before else None, "after": at.isoformat()}
    return entry(now, "times", actor, text, told=True, reason=reason, **facts)


def _utc_text(at: datetime) -> str:
    return f"{at.astimezone(UTC):%-d %b %Y %H:%M} UTC"
