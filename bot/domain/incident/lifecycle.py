"""Computes how an incident changes when its status moves along, when it ends, and when it is reopened."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from bot.domain.errors import AlreadyDone, Refused
from bot.domain.incident.acknowledgement import acknowledge
from bot.domain.incident.due import due_after, next_update_due, roles_due
from bot.domain.incident.state import Change, Incident, Ladder, require_ended, require_open
from bot.domain.incident.status import MEANINGS, ORDER, Status, check_move
from bot.domain.policy.policy import Policy
from bot.domain.timeline.entry import Entry, entry

# Kinds of entries other than `status` that lead to a status.
_ALSO_LEADS_TO = {Status.ACKNOWLEDGED: ("acknowledged",), Status.INVESTIGATING: ("reopened",)}


def move(incident: Incident, status: Status, actor: str, policy: Policy, now: datetime, note: str = "") -> Change:
    """Change the status, which makes the actor a responder. A note counts as a status update for the cadence.

    Raises `Refused` for the status it already has, and for a status that ends an incident: `resolve` and the like do
    that.
    """
    if status is Status.RESOLVED:
        return resolve(incident, actor, now, summary=note)
    if status is Status.CLOSED:
        return close(incident, actor, now)
    if status is Status.CANCELLED:
        return cancel(incident, actor, now, note)
    if status is Status.MERGED:
        raise Refused("Merging needs the other incident.", "merge INC-7")
    if status is incident.status:
        kinds = ("status", *_ALSO_LEADS_TO.get(status, ()))
        text = f"It is already {status}: {MEANINGS[status]}."
        raise AlreadyDone(text, "update What changed since", incident.number, kinds)
    responding = acknowledge(incident, actor, now, implied_by=f"moved it to {status}")
    moved = with_status(responding.incident, status, incident.status, actor, now, note)
    if note:
        due_at = next_update_due(moved.incident, policy, now)
        moved = replace(moved, incident=replace(moved.incident, update_due_at=due_at, unanswered=0, snooze=None))
    return Change(moved.incident, (*responding.entries, *moved.entries))


def with_status(
    incident: Incident, status: Status, before: Status, actor: str, now: datetime, note: str = ""
) -> Change:
    """The incident in another status, with an entry that names the status `before`. Raises `Refused`."""
    check_move(before, status)
    text = f"{before} → {status}" + (f": {note}" if note else "")
    record = entry(now, "status", actor, text, before=str(before), after=str(status), note=note)
    return Change(_reach(incident, status, now), (record,))


def resolve(
    incident: Incident,
    actor: str,
    now: datetime,
    *,
    summary: str = "",
    root_cause: str = "",
    impact_ended_at: datetime | None = None,
) -> Change:
    """End the incident, and with it every reminder and page. A text that is empty here keeps its earlier value."""
    if incident.status is Status.RESOLVED:
        raise AlreadyDone("It is already resolved.", "close", incident.number, ("resolved",))
    require_open(incident)
    responding = acknowledge(incident, actor, now, implied_by="resolved it")
    changed = _reach(responding.incident, Status.RESOLVED, now)
    changed = replace(
        changed,
        resolved_by=actor,
        ended_at=now,
        summary=summary or incident.summary,
        root_cause=root_cause or incident.root_cause,
        impact_ended_at=impact_ended_at or incident.impact_ended_at,
    )
    record = entry(now, "resolved", actor, summary, root_cause=root_cause, before=str(incident.status))
    return Change(changed, (*responding.entries, record))


def close(incident: Incident, actor: str, now: datetime) -> Change:
    """Close the incident: nothing is left to do. Closing an incident that still runs resolves it first."""
    if incident.status is Status.CLOSED:
        raise AlreadyDone("It is already closed.", "reopen It is failing again", incident.number, ("closed",))
    if incident.status in (Status.CANCELLED, Status.MERGED):
        raise Refused(f"It is {incident.status}; there is nothing to close.", "reopen It was real after all")
    entries: tuple[Entry, ...] = ()
    if incident.open:
        resolved = resolve(incident, actor, now)
        incident, entries = resolved.incident, resolved.entries
    changed = _reach(incident, Status.CLOSED, now)
    return Change(changed, (*entries, entry(now, "closed", actor, "closed")))


def cancel(incident: Incident, actor: str, now: datetime, reason: str) -> Change:
    """End it as a false alarm, without resolving it. Raises `Refused` without a reason."""
    if incident.status is Status.CANCELLED:
        raise AlreadyDone("It is already cancelled.", "reopen It was real after all", incident.number, ("cancelled",))
    require_open(incident)
    if not reason.strip():
        raise Refused("Say why it is cancelled.", "cancel False alarm, the probe was misconfigured")
    changed = replace(incident, status=Status.CANCELLED, ended_at=now)
    return Change(changed, (entry(now, "cancelled", actor, reason.strip(), before=str(incident.status)),))


def reopen(incident: Incident, actor: str, policy: Policy, now: datetime, reason: str) -> Change:
    """Return to investigating in a new episode: reminders and the ladder start again, the history stays.

    The list of responders starts empty, as the earlier ones may have gone home. What was said to have fixed it did not;
    the timeline keeps it. Raises `Refused` without a reason.
    """
    require_ended(incident)
    if not reason.strip():
        raise Refused("Say why it is reopened.", "reopen Errors are back since 04:10")
    level = policy.severity(incident.severity)
    changed = replace(
        incident,
        status=Status.INVESTIGATING,
        episode=incident.episode + 1,
        responders=(),
        resolved_at=None,
        resolved_by=None,
        closed_at=None,
        ended_at=None,
        merged_into=None,
        summary="",
        impact_ended_at=None,
        ladder=Ladder(started_at=now),
        update_due_at=due_after(now, level.update_every, policy.zone),
        roles_due_at=roles_due(now, level, policy),
        unanswered=0,
        roles_asked=0,
        promised_by=None,
        snooze=None,
    )
    return Change(changed, (entry(now, "reopened", actor, reason.strip(), episode=changed.episode),))


def _reach(incident: Incident, status: Status, now: datetime) -> Incident:
    """The incident in this status, with when it got there first. From monitoring on the fix is in place: mitigated."""
    stamps: dict[str, Any] = {"status": status}
    if status is Status.IDENTIFIED and incident.identified_at is None:
        stamps["identified_at"] = now
    if status in ORDER and ORDER.index(status) >= ORDER.index(Status.MONITORING):
        if incident.mitigated_at is None:
            stamps["mitigated_at"] = now
        if incident.ladder.mitigated_at is None:
            stamps["ladder"] = replace(incident.ladder, mitigated_at=now)
    if status is Status.RESOLVED:
        stamps["resolved_at"] = now
    if status is Status.CLOSED and incident.closed_at is None:
        stamps["closed_at"] = now
    return replace(incident, **stamps)
