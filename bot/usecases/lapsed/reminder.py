"""Handles a lapsed deadline: an update is due, roles are empty, or audiences were not told: the people are reminded."""

from __future__ import annotations

from bot.domain.deadlines import Deadline
from bot.domain.lapsed import reminder
from bot.domain.lapsed.reminder_reason import decide_nudge
from bot.domain.outcome import Outcome
from bot.domain.routing.keys import DeadlineKind
from bot.usecases.unit_of_work import UnitOfWork
from storage import deadlines, user_activity
from storage.timeline import entries

KINDS = frozenset({DeadlineKind.UPDATE, DeadlineKind.ROLE, DeadlineKind.COMMS})


async def handle(work: UnitOfWork, deadline: Deadline) -> Outcome:
    """Read the recent activity and the other reminders that are owed, and let the domain decide.

    After two cadences of silence the next rung of the ladder is paged too.
    """
    incident, policy, now = work.incident, work.policy, work.now
    activity_of = user_activity.activity if work.context.policy.record == "key" else entries.activity
    activity = await activity_of(work.conn, incident.number, now - policy.nudges.busy_within)
    nudge = decide_nudge(incident, policy, _kind(deadline), deadline.due_at, activity, now)
    other_deadlines = await _others_waiting(work, deadline)
    if nudge.page:
        return reminder.page_silence(incident, deadline, nudge, other_deadlines, await work.paging_context())
    return reminder.remind(incident, deadline, nudge, other_deadlines, now)


def _kind(deadline: Deadline) -> str:
    return deadline.kind if deadline.subject is None else str(deadline.subject.kind)


async def _others_waiting(work: UnitOfWork, deadline: Deadline) -> list[Deadline]:
    """The incident's other deadlines that the same message covers. The ledger is read only if there are any."""
    candidates = [
        candidate
        for candidate in work.planned
        if candidate.subject is not None
        and candidate.subject.kind in KINDS
        and candidate.dedup_key != deadline.dedup_key
    ]
    if not candidates:
        return []
    waiting = {row.dedup_key for row in await deadlines.waiting(work.conn, work.incident.number)}
    return [candidate for candidate in candidates if candidate.dedup_key in waiting]
