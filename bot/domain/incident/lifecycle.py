"""The course of an incident: declared, acknowledged, moved along the lifecycle, ended, reopened."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from bot.domain.errors import Refused
from bot.domain.incident.due import due_after, next_update_due, roles_due
from bot.domain.incident.roles import with_responder
from bot.domain.incident.state import Change, Incident, Ladder, require_open
from bot.domain.incident.status import MEANINGS, ORDER, Status, check_move
from bot.domain.policy.policy import Fact, Policy
from bot.domain.timeline.entry import Entry, entry

TITLE_LENGTH = 300


def declare(
    number: int,
    title: str,
    severity: str,
    actor: str,
    policy: Policy,
    now: datetime,
    *,
    description: str = "",
    category: str | None = None,
    services: tuple[str, ...] = (),
    private: bool = False,
    drill: bool = False,
    detected_at: datetime | None = None,
    facts: dict[str, Fact] | None = None,
) -> Change:
    """Open an incident. Never refused for its title: one over 300 characters is cut, the whole kept as description."""
    level = policy.severity(severity)
    full = " ".join(title.split()) or "Untitled incident"
    kept = full
    if len(full) > TITLE_LENGTH:
        kept = full[: TITLE_LENGTH - 1].rstrip() + "…"
        description = f"{full}\n\n{description}".strip()
    incident = Incident(
        number=number,
        title=kept,
        description=description,
        severity=level.key,
        category=category,
        services=services,
        facts=dict(facts or {}),
        private=private,
        drill=drill,
        declared_by=actor,
        declared_at=now,
        detected_at=min(detected_at or now, now),
        ladder=Ladder(started_at=now),
        update_due_at=due_after(now, level.update_every),
        roles_due_at=roles_due(now, level, policy),
        policy=policy.digest,
    )
    said = entry(now, "declared", actor, f"{level.key}: {kept}", severity=level.key, title=kept)
    return Change(incident, (said,))


def acknowledge(incident: Incident, actor: str, now: datetime, implied_by: str = "") -> Change:
    """“I am responding.” The first of an episode stamps and writes; whoever follows only joins the responders.

    `implied_by` says which other verb stood for it.
    """
    require_open(incident)
    joined = with_responder(incident, actor)
    if incident.ladder.acknowledged_at is not None:
        return Change(joined)
    return Change(
        replace(
            joined,
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


def move(incident: Incident, status: Status, actor: str, policy: Policy, now: datetime, note: str = "") -> Change:
    """Along the lifecycle while the incident runs. Acting on it acknowledges it; a note counts as news."""
    if status is Status.RESOLVED:
        return resolve(incident, actor, now, summary=note)
    if status is Status.CLOSED:
        return close(incident, actor, now)
    if status is Status.CANCELLED:
        return cancel(incident, actor, now, note)
    if status is Status.MERGED:
        raise Refused("Merging needs the other incident.", "merge INC-7")
    check_move(incident.status, status)
    if status is incident.status:
        raise Refused(f"It is already {status}: {MEANINGS[status]}.", "update What changed since")
    before = incident.status
    changed, entries = _implied_acknowledgement(incident, actor, now, f"moved it to {status}")
    changed = _stamp(replace(changed, status=status), status, now)
    if note:
        changed = replace(changed, update_due_at=next_update_due(changed, policy, now), unanswered=0, snooze=None)
    text = f"{before} → {status}" + (f": {note}" if note else "")
    return Change(
        changed, (*entries, entry(now, "status", actor, text, before=str(before), after=str(status), note=note))
    )


def join(incident: Incident, user: str) -> Change:
    """Count somebody among the responders; the channel itself writes down who came in."""
    return Change(with_responder(incident, user))


def resolve(
    incident: Incident,
    actor: str,
    now: datetime,
    *,
    summary: str = "",
    root_cause: str = "",
    impact_ended_at: datetime | None = None,
) -> Change:
    """It is over. Ends every reminder about updates, roles and paging."""
    if incident.status is Status.RESOLVED:
        raise Refused("It is already resolved.", "close")
    require_open(incident)
    changed, entries = _implied_acknowledgement(incident, actor, now, "resolved it")
    changed = _stamp(replace(changed, status=Status.RESOLVED), Status.RESOLVED, now)
    changed = replace(
        changed,
        resolved_by=actor,
        ended_at=now,
        summary=summary or incident.summary,
        root_cause=root_cause or incident.root_cause,
        impact_ended_at=impact_ended_at or incident.impact_ended_at,
    )
    said = entry(now, "resolved", actor, summary, root_cause=root_cause, before=str(incident.status))
    return Change(changed, (*entries, said))


def close(incident: Incident, actor: str, now: datetime) -> Change:
    """Nothing is left to do. Closing what still runs resolves it too: a forward jump."""
    if incident.status is Status.CLOSED:
        raise Refused("It is already closed.", "reopen It is failing again")
    if incident.status in (Status.CANCELLED, Status.MERGED):
        raise Refused(f"It is {incident.status}; there is nothing to close.", "reopen It was real after all")
    entries: tuple[Entry, ...] = ()
    if incident.open:
        incident, entries = _both(resolve(incident, actor, now))
    changed = _stamp(replace(incident, status=Status.CLOSED), Status.CLOSED, now)
    return Change(changed, (*entries, entry(now, "closed", actor, "closed")))


def cancel(incident: Incident, actor: str, now: datetime, reason: str) -> Change:
    """A false alarm: ends it without calling it resolved."""
    require_open(incident)
    if not reason.strip():
        raise Refused("Say why it is cancelled.", "cancel False alarm, the probe was misconfigured")
    changed = replace(incident, status=Status.CANCELLED, ended_at=now)
    return Change(changed, (entry(now, "cancelled", actor, reason.strip(), before=str(incident.status)),))


def reopen(incident: Incident, actor: str, policy: Policy, now: datetime, reason: str) -> Change:
    """Back to investigating in a new episode: reminders and ladder are armed afresh, history stays."""
    if incident.open:
        raise Refused(f"It is still open: {incident.status}.", "status investigating")
    if not reason.strip():
        raise Refused("Say why it is reopened.", "reopen Errors are back since 04:10")
    level = policy.severity(incident.severity)
    changed = replace(
        incident,
        status=Status.INVESTIGATING,
        episode=incident.episode + 1,
        resolved_at=None,
        resolved_by=None,
        closed_at=None,
        ended_at=None,
        ladder=Ladder(started_at=now),
        update_due_at=due_after(now, level.update_every),
        roles_due_at=roles_due(now, level, policy),
        unanswered=0,
        roles_asked=0,
        promised_by=None,
        snooze=None,
    )
    return Change(changed, (entry(now, "reopened", actor, reason.strip(), episode=changed.episode),))


def _implied_acknowledgement(
    incident: Incident, actor: str, now: datetime, how: str
) -> tuple[Incident, tuple[Entry, ...]]:
    if incident.ladder.acknowledged_at is not None:
        return incident, ()
    return _both(acknowledge(incident, actor, now, implied_by=how))


def _both(change: Change) -> tuple[Incident, tuple[Entry, ...]]:
    return change.incident, change.entries


def _stamp(incident: Incident, status: Status, now: datetime) -> Incident:
    """Each first entry into a state stamps its time once; mitigated means the fix is in place."""
    stamps: dict[str, Any] = {}
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
