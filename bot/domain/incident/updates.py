"""Status updates and notes, and who owes the next update by when."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from bot.domain.errors import Refused
from bot.domain.incident.due import next_update_due
from bot.domain.incident.state import Change, Incident, Snooze, require_open
from bot.domain.policy.policy import Policy
from bot.domain.timeline.entry import entry
from bot.domain.values import durations


def update(
    incident: Incident, text: str, actor: str, policy: Policy, now: datetime, *, next_in: timedelta | None = None
) -> Change:
    """Post a numbered status update; it answers the reminders and restarts the cadence.

    `next_in` promises the following update by then instead. Raises `Refused` without words.
    """
    require_open(incident)
    text = text.strip()
    if not text:
        raise Refused("An update needs words.", "update We rolled back, error rate is falling")
    number = incident.updates + 1
    changed = replace(
        incident,
        updates=number,
        updated_at=now,
        update_text=text,
        update_due_at=now + next_in if next_in else next_update_due(incident, policy, now),
        promised_by=actor if next_in else None,
        unanswered=0,
        snooze=None,
        ladder=replace(incident.ladder, silence_paged=False),
    )
    record = entry(now, "update", actor, text, number=number, status=str(incident.status), severity=incident.severity)
    return Change(changed, (record,))


def note(incident: Incident, text: str, actor: str, now: datetime, link: str | None = None) -> Change:
    """Add a key entry. Allowed after the end as well: history may be completed, never changed."""
    if not text.strip():
        raise Refused("A note needs words.", "note Deploy 4512 went out at 02:47")
    data = {"link": link} if link else {}
    return Change(incident, (entry(now, "note", actor, text.strip(), **data),))


def snooze(incident: Incident, span: timedelta, actor: str, now: datetime) -> Change:
    """Quiet update and role reminders for `span`. Pages are never snoozed."""
    require_open(incident)
    until = now + span
    changed = replace(
        incident,
        snooze=Snooze(actor, until),
        update_due_at=incident.update_due_at and until,
        roles_due_at=incident.roles_due_at and until,
    )
    text = f"reminders quiet for {durations.exact(span)}"
    return Change(changed, (entry(now, "snoozed", actor, text, until=until.isoformat()),))


def promise(incident: Incident, span: timedelta, actor: str, now: datetime) -> Change:
    """Promise the next update within `span`; the deadline moves there, later or earlier."""
    require_open(incident)
    due = now + span
    changed = replace(incident, update_due_at=due, promised_by=actor, unanswered=0, snooze=None)
    text = f"next update promised in {durations.exact(span)}"
    return Change(changed, (entry(now, "snoozed", actor, text, until=due.isoformat(), promise=True),))


def update_owed_by(incident: Incident) -> str:
    """Who owes the next update: the communications lead, else the commander, else the reporter."""
    for role in ("communications_lead", "commander"):
        if role in incident.roles:
            return incident.roles[role]
    return incident.declared_by
