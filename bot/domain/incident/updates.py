"""Status updates and notes, and when the next update is owed, and by whom."""

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
    """Post a numbered status update; it answers the reminders and resets the cadence."""
    require_open(incident)
    text = text.strip()
    if not text:
        raise Refused("An update needs words.", "update We rolled back, error rate is falling")
    number = incident.updates + 1
    due = now + next_in if next_in else next_update_due(incident, policy, now)
    changed = replace(
        incident,
        updates=number,
        updated_at=now,
        update_text=text,
        update_due_at=due,
        promised_by=actor if next_in else None,
        unanswered=0,
        snooze=None,
        ladder=replace(incident.ladder, silence_paged=False),
    )
    said = entry(now, "update", actor, text, number=number, status=str(incident.status), severity=incident.severity)
    return Change(changed, (said,))


def note(incident: Incident, text: str, actor: str, now: datetime, link: str | None = None) -> Change:
    """A key entry, also after the end: history may be completed, not changed."""
    if not text.strip():
        raise Refused("A note needs words.", "note Deploy 4512 went out at 02:47")
    data = {"link": link} if link else {}
    return Change(incident, (entry(now, "note", actor, text.strip(), **data),))


def snooze(incident: Incident, span: timedelta, actor: str, now: datetime) -> Change:
    """Quiet update and role reminders for so long. Paging is never snoozed."""
    require_open(incident)
    until = now + span
    changed = replace(incident, snooze=Snooze(actor, until))
    if incident.update_due_at is not None:
        changed = replace(changed, update_due_at=until)
    if incident.roles_due_at is not None:
        changed = replace(changed, roles_due_at=until)
    text = f"reminders quiet for {durations.exact(span)}"
    return Change(changed, (entry(now, "snoozed", actor, text, until=until.isoformat()),))


def promise(incident: Incident, span: timedelta, actor: str, now: datetime) -> Change:
    """Promise the next update in so long; the deadline moves there, whichever way."""
    require_open(incident)
    changed = replace(incident, update_due_at=now + span, promised_by=actor, unanswered=0, snooze=None)
    text = f"next update promised in {durations.exact(span)}"
    return Change(changed, (entry(now, "snoozed", actor, text, until=(now + span).isoformat(), promise=True),))


def update_owed_by(incident: Incident) -> str:
    """Communications lead, else commander, else the reporter."""
    for role in ("communications_lead", "commander"):
        if role in incident.roles:
            return incident.roles[role]
    return incident.declared_by
