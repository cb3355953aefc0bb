"""Computes how an acknowledgement changes an incident: the person becomes a responder.

Only a person's own act in the current episode (since the declaration or the last reopening) makes them a responder.
Being given a role, invited or paged by somebody else does not.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from bot.domain.incident.state import Change, Incident, require_open
from bot.domain.incident.status import Status
from bot.domain.timeline.entry import Entry, entry


def acknowledge(incident: Incident, actor: str, now: datetime, implied_by: str = "") -> Change:
    """Make the actor a responder. The first such act of an episode acknowledges the incident and is recorded.

    `implied_by` names the act that acknowledged it, where it was not `ack` itself.
    """
    require_open(incident)
    if incident.ladder.acknowledged_at is not None:
        return Change(_with_responder(incident, actor))
    return Change(
        replace(
            incident,
            responders=_responders_with(incident, actor),
            status=Status.ACKNOWLEDGED if incident.status is Status.DETECTED else incident.status,
            acknowledged_at=incident.acknowledged_at or now,
            acknowledged_by=actor,
            ladder=replace(incident.ladder, acknowledged_at=now),
        ),
        (_responding(actor, now, implied_by),),
    )


def _responding(actor: str, now: datetime, implied_by: str) -> Entry:
    if implied_by:
        return entry(now, "acknowledged", actor, f"is responding: {implied_by}", implied_by=implied_by)
    return entry(now, "acknowledged", actor, "is responding")


def _with_responder(incident: Incident, user: str) -> Incident:
    """The incident with this person among its responders, once."""
    if user in incident.responders:
        return incident
    return replace(incident, responders=_responders_with(incident, user))


def _responders_with(incident: Incident, user: str) -> tuple[str, ...]:
    return incident.responders if user in incident.responders else (*incident.responders, user)
