"""Computes how an incident changes by a status update, a note, a snooze of reminders, or a promised update.

It also decides who owes the next update.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.domain.errors import Refused
from bot.domain.incident.acknowledgement import acknowledge
from bot.domain.incident.due import next_after, next_update_due, roles_due
from bot.domain.incident.lifecycle import move, with_status
from bot.domain.incident.severity import change_severity
from bot.domain.incident.state import Change, Incident, Snooze, require_open
from bot.domain.incident.status import ENDED, Status
from bot.domain.policy.policy import Policy
from bot.domain.timeline.entry import entry
from bot.domain.values import durations

USUAL_QUIET = timedelta(hours=4)
USUAL_CADENCES = 4


@dataclass(frozen=True, slots=True)
class StatusUpdate:
    """The text of a status update, with the changes of status, severity and next update that come with it."""

    text: str
    status: Status | None = None  # None, or the status it has: no change
    severity: str | None = None
    next_in: timedelta | None = None  # promises the following update by then


def update(
    incident: Incident, text: str, actor: str, policy: Policy, now: datetime, *, next_in: timedelta | None = None
) -> Change:
    """Post a status update that changes neither status nor severity."""
    return post_update(incident, StatusUpdate(text, next_in=next_in), actor, policy, now)


def post_update(incident: Incident, post: StatusUpdate, actor: str, policy: Policy, now: datetime) -> Change:
    """Post a numbered status update, and change the status and the severity where the update names others.

    The actor becomes a responder. The update does not acknowledge a severity that it raises, so that people are paged
    for it. Raises `Refused` without a text.
    """
    require_open(incident)
    if not post.text.strip():
        raise Refused("An update needs words.", "update We rolled back, error rate is falling")
    before, status, severity = incident.status, post.status, post.severity
    change = acknowledge(incident, actor, now, implied_by="posted an update")
    if severity and severity != incident.severity:
        change = change.then(lambda current: change_severity(current, severity, actor, policy, now))
    if status and status is not before and status not in ENDED:
        change = change.then(lambda current: with_status(current, status, before, actor, now))
    change = change.then(lambda current: _post(current, post, actor, policy, now))
    if status in ENDED:
        change = change.then(lambda current: move(current, status, actor, policy, now, post.text.strip()))
    return change


def _post(incident: Incident, post: StatusUpdate, actor: str, policy: Policy, now: datetime) -> Change:
    """The update itself: it settles earlier reminders and starts the cadence again."""
    text, next_in = post.text.strip(), post.next_in
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
    """Add a note as a key entry. Allowed after the end too: people may complete the history, but never change it."""
    if not text.strip():
        raise Refused("A note needs words.", "note Deploy 4512 went out at 02:47")
    data = {"link": link} if link else {}
    return Change(incident, (entry(now, "note", actor, text.strip(), **data),))


def longest_usual_quiet(incident: Incident, policy: Policy) -> timedelta:
    """Four hours, or four cadences of updates if that is more: a longer snooze or promise is asked about."""
    cadence = policy.severity(incident.severity).update_every
    span = timedelta(days=cadence.days) if isinstance(cadence, durations.BusinessDays) else cadence or timedelta()
    return max(USUAL_QUIET, USUAL_CADENCES * span)


def snooze(incident: Incident, span: timedelta, actor: str, now: datetime) -> Change:
    """Quiet update and role reminders for `span`. Pages are never snoozed.

    A reminder that waits for an answer comes again when the snooze ends, and so does what another snooze put off.
    Otherwise nothing is brought forward: what is due later, as after a promise, stays due then.
    """
    require_open(incident)
    until = now + span
    changed = replace(
        incident,
        snooze=Snooze(actor, until),
        update_due_at=_put_off(incident, incident.update_due_at, until),
        roles_due_at=_put_off(incident, incident.roles_due_at, until),
    )
    text = f"reminders quiet for {durations.exact(span)}"
    return Change(changed, (entry(now, "snoozed", actor, text, until=until.isoformat()),))


def _put_off(incident: Incident, due_at: datetime | None, until: datetime) -> datetime | None:
    """When a reminder that is due at `due_at` comes after a snooze."""
    if due_at is None:
        return None
    snoozed = incident.snooze is not None and due_at == incident.snooze.until
    return until if snoozed or incident.live_nudge is not None else max(due_at, until)


def end_snooze(incident: Incident, actor: str, policy: Policy, now: datetime) -> Change:
    """Let reminders go out again, at their usual pace. Raises `Refused` where none are snoozed."""
    require_open(incident)
    snoozed = incident.snooze
    if snoozed is None or snoozed.until <= now:
        raise Refused(f"The reminders of {incident.id} are not snoozed.", "snooze 30m")
    level = policy.severity(incident.severity)
    last = max(filter(None, (incident.updated_at, incident.ladder.started_at)))
    update_due_at, roles_due_at = incident.update_due_at, incident.roles_due_at
    if update_due_at == snoozed.until:
        update_due_at = next_after(last, level.update_every, now, policy.zone)
    if roles_due_at == snoozed.until:
        roles_due_at = roles_due(now, level, policy)
    changed = replace(incident, snooze=None, update_due_at=update_due_at, roles_due_at=roles_due_at)
    return Change(changed, (entry(now, "snoozed", actor, "reminders no longer quiet", ended=True),))


def promise(incident: Incident, span: timedelta, actor: str, now: datetime) -> Change:
    """Promise the next update within `span`; the deadline moves to that time, earlier or later."""
    require_open(incident)
    due = now + span
    changed = replace(incident, update_due_at=due, promised_by=actor, unanswered=0, snooze=None)
    text = f"next update promised in {durations.exact(span)}"
    return Change(changed, (entry(now, "snoozed", actor, text, until=due.isoformat(), promise=True),))


def update_owed_by(incident: Incident) -> str:
    """The person who owes the next update: the communications lead, else the commander, else the reporter."""
    for role in ("communications_lead", "commander"):
        if role in incident.roles:
            return incident.roles[role]
    return incident.declared_by
