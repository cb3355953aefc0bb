"""Turns the decision to remind people of an update or of empty roles into a message and a change.

`reminder_reason` makes that decision. The outcome may also page the next rung (step) of the escalation ladder.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

from bot.domain import routing
from bot.domain.deadlines import Deadline, DeadlineState
from bot.domain.incident import Change, Incident
from bot.domain.lapsed.reminder_reason import Nudge, NudgeReason
from bot.domain.outcome import LedgerDecision, Outcome, PageCause, of_paging
from bot.domain.paging import ladder
from bot.domain.paging.context import PagingContext
from bot.domain.routing.payloads import NudgePayload
from bot.domain.timeline.entry import BOT, entry

_ABOUT = {"update": "an update", "communication": "audiences"}


def remind(
    incident: Incident, deadline: Deadline, nudge: Nudge, waiting: Collection[Deadline], now: datetime
) -> Outcome:
    """Send one message that lists everything owed; the previous reminder is edited and loses its buttons.

    `waiting` are the incident's other deadlines for updates and roles. Those that this message covers are skipped.
    """
    notice = routing.nudge(incident.number, deadline.dedup_key, _payload(deadline, nudge))
    reminder = entry(now, "reminder", BOT, nudge.text, of=deadline.kind, soft=nudge.soft, deadline=deadline.dedup_key)
    skip_reason = f"listed in the reminder about {_ABOUT.get(deadline.kind, 'roles')}"
    audience_reason = f"{skip_reason}: {', '.join(nudge.audiences)}"
    covered = [
        LedgerDecision(
            candidate.dedup_key,
            DeadlineState.SKIPPED,
            audience_reason if candidate.kind == "communication" else skip_reason,
        )
        for candidate in waiting
        if _covers(nudge, candidate, now)
    ]
    return Outcome(
        Change(_record_reminder(incident, nudge, notice.dedup_key, now), (reminder,)),
        (notice,),
        (LedgerDecision(deadline.dedup_key, DeadlineState.DUE, nudge.text), *covered),
    )


def _covers(nudge: Nudge, other: Deadline, now: datetime) -> bool:
    if other.kind == "update":
        return nudge.owes_update and other.due_at <= now
    if other.kind == "communication":
        return bool(nudge.audiences) and other.due_at <= now
    return bool(nudge.missing)


def page_silence(
    incident: Incident, deadline: Deadline, nudge: Nudge, waiting: Collection[Deadline], context: PagingContext
) -> Outcome:
    """Remind, and page the next rung as well. Where that reaches nobody, the reminder says so."""
    if ladder.page_next_rung(incident, context, nudge.text).rung is None:
        nudge = replace(nudge, reason=NudgeReason.NOBODY_LEFT)
    reminded = remind(incident, deadline, nudge, waiting, context.now)
    paging = ladder.page_next_rung(reminded.incident, context, nudge.text)
    if paging.rung is None and not paging.fell_through:
        return reminded
    cause = PageCause(nudge.text, f"silence:{deadline.dedup_key}")
    return reminded.then(of_paging(reminded.incident, paging, cause, context))


def _record_reminder(incident: Incident, nudge: Nudge, dedup_key: str, now: datetime) -> Incident:
    nobody_left = nudge.reason is NudgeReason.NOBODY_LEFT
    return replace(
        incident,
        update_due_at=nudge.next_update_at,
        unanswered=incident.unanswered + 1 if nudge.owes_update else incident.unanswered,
        roles_due_at=nudge.next_roles_at if nudge.missing else incident.roles_due_at,
        roles_asked=incident.roles_asked + 1 if nudge.missing else incident.roles_asked,
        comms_asked=incident.comms_asked + 1 if nudge.audiences else incident.comms_asked,
        comms_asked_at=now if nudge.audiences else incident.comms_asked_at,
        promised_by=None if nudge.owes_update else incident.promised_by,
        snooze=None,
        live_nudge=dedup_key,
        ladder=replace(incident.ladder, silence_paged=True) if nudge.page or nobody_left else incident.ladder,
    )


def _payload(deadline: Deadline, nudge: Nudge) -> NudgePayload:
    next_at = nudge.next_roles_at if nudge.missing else nudge.next_audiences_at
    if nudge.owes_update:
        next_at = nudge.next_update_at
    return NudgePayload(
        mention=tuple(nudge.mention),
        soft=nudge.soft,
        late_s=nudge.late.total_seconds() if nudge.late else None,
        reason=nudge.text,
        owes_update=nudge.owes_update,
        missing=tuple(nudge.missing),
        audiences=tuple(nudge.audiences),
        due_at=deadline.due_at,
        next_at=next_at,
        page=nudge.page,
        nobody_left=nudge.reason is NudgeReason.NOBODY_LEFT,
    )
