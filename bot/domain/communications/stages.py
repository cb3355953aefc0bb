"""Decides which stage of an incident an audience is to be told, from which template, and who is proposed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from bot.domain.errors import Refused
from bot.domain.incident import AudienceMessage, Incident
from bot.domain.policy.policy import Audience, Policy
from bot.domain.values import durations

STATUS_PAGE = Audience("status_page", "Status page", public=True)
START, UPDATE, RESOLVED, BRIEFING = STAGES = ("start", "update", "resolved", "briefing")
_INTERNAL: Mapping[str, str] = {START: "initial", UPDATE: "update", RESOLVED: "resolved"}
_PUBLIC: Mapping[str, str] = {START: "customer_start", UPDATE: "customer_update", RESOLVED: "customer_resolved"}


def stage_of(incident: Incident, audience: Audience) -> str:
    """The stage that the audience is to be told next."""
    if is_briefed(audience):
        return BRIEFING
    if not incident.open:
        return RESOLVED
    latest = incident.told.get(audience.key)
    return UPDATE if latest is not None and latest.episode == incident.episode else START


def template_of(audience: Audience, stage: str) -> str:
    """The key of the template for a stage: the policy's, else that of 001 for customers and of 003 inside."""
    own = audience.stages.get(stage) or audience.stages.get(BRIEFING)
    return own or (_PUBLIC if audience.public else _INTERNAL).get(stage, "executive_briefing")


def proposed_audiences(incident: Incident, policy: Policy) -> list[Audience]:
    """The audiences of the incident's severity. For a drill, and for a private incident, none that is public."""
    try:
        keys = policy.severity(incident.severity).extra.get("audiences") or ()
    except Refused:
        return []
    audiences = [policy.audiences[key] for key in keys if key in policy.audiences]
    if incident.drill or incident.private:
        return [audience for audience in audiences if not audience.public]
    return audiences


def is_set_up(audience: Audience, policy: Policy) -> bool:
    """Whether the policy names anybody for the audience."""
    if audience.notify or audience.emails or audience.subscribers or "webhook" in audience.by:
        return True
    return is_briefed(audience) and bool(policy.executives)


def is_briefed(audience: Audience) -> bool:
    """Whether the audience gets briefings only."""
    return set(audience.stages) == {BRIEFING}


def due_at(incident: Incident, audience: Audience, policy: Policy) -> datetime | None:
    """When the audience is to be told next: a cadence after the last message; None where nothing is due.

    An audience that was never told in this episode is due a cadence after the start of its ladder; one that gets
    briefings is due once. Once the incident has ended, an audience that knows of it is due until it hears of the end.
    """
    latest = incident.told.get(audience.key)
    current = latest if latest is not None and latest.episode == incident.episode else None
    if not incident.open:
        return incident.ended_at if current is not None and current.stage != RESOLVED else None
    cadence = policy.severity(incident.severity).update_every
    if cadence is None or (current is not None and is_briefed(audience)):
        return None
    last = incident.ladder.started_at if current is None else max(current.at, incident.ladder.started_at)
    return durations.add(last, cadence, policy.zone)


def due_audiences(incident: Incident, policy: Policy, now: datetime) -> list[Audience]:
    """The proposed audiences that were not told within the severity's cadence, of those that reach anybody."""
    due = [(audience, due_at(incident, audience, policy)) for audience in _audiences_to_remind(incident, policy)]
    return [audience for audience, at in due if at is not None and at <= now]


def _audiences_to_remind(incident: Incident, policy: Policy) -> list[Audience]:
    """The proposed audiences that reach anybody, and the status page while it tells an older state of the incident."""
    audiences = [audience for audience in proposed_audiences(incident, policy) if is_set_up(audience, policy)]
    latest = incident.told.get(STATUS_PAGE.key)
    if latest is not None and latest.stage != RESOLVED and changed_since(incident, latest):
        audiences.append(STATUS_PAGE)
    return audiences


def next_reminder_at(incident: Incident, policy: Policy) -> datetime | None:
    """When people are reminded of audiences next; None where no audience is to be told.

    A promise of the next update, and a snooze, hold for audiences too.
    """
    due = [
        at
        for audience in _audiences_to_remind(incident, policy)
        if (at := due_at(incident, audience, policy)) is not None
    ]
    cadence = policy.severity(incident.severity).update_every
    if not due or cadence is None or not incident.open:
        return None
    at = min(due)
    if incident.comms_asked_at is not None:
        at = max(at, durations.add(incident.comms_asked_at, cadence, policy.zone))
    if incident.promised_by and incident.update_due_at is not None:
        at = max(at, incident.update_due_at)
    return max(at, incident.snooze.until) if incident.snooze is not None else at


def last_told_text(incident: Incident, audience: Audience, now: datetime) -> str:
    """When the audience was last told, in words."""
    latest = incident.told.get(audience.key)
    if latest is None:
        return "never told"
    return f"last told {durations.ago(max(timedelta(), now - latest.at))} ({latest.stage} #{latest.number})"


def changed_since(incident: Incident, last_message: AudienceMessage | None) -> list[str]:
    """The changes since the last message to an audience, in words. Empty if there are none."""
    if last_message is None:
        return []
    changes = []
    if last_message.severity != incident.severity:
        changes.append(f"severity {last_message.severity} → {incident.severity}")
    if last_message.status != str(incident.status):
        changes.append(f"status {last_message.status} → {incident.status}")
    if incident.updates > last_message.update:
        count = incident.updates - last_message.update
        changes.append("a status update" if count == 1 else f"{count} status updates")
    if last_message.services != incident.services:
        changes.append(f"services: {', '.join(incident.services) or 'none'}")
    if last_message.episode != incident.episode:
        changes.append("it was reopened")
    return changes
