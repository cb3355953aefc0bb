"""Queues the simple reminders of many incidents in one transaction, with as few statements as for one.

A reminder is simple if it is the only one that its incident owes and nobody is paged with it.
"""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

from bot.domain.deadlines import Deadline
from bot.domain.lapsed.reminder import remind
from bot.domain.lapsed.reminder_reason import Activity, decide_nudge
from bot.domain.routing.keys import DeadlineKind
from bot.usecases.context import Context
from bot.usecases.lapsed.reminder import KINDS
from bot.usecases.restored import look_since
from bot.usecases.unit_of_work import UnitOfWork, begin, commit_many
from storage import deadlines, incidents
from storage.deadlines import LedgerRow
from storage.timeline import entries

# A reminder is simple where it is the only one of these that the incident has.
_REMINDERS = KINDS | {DeadlineKind.HANDOVER, DeadlineKind.SHIFT}


async def remind_batch(context: Context, rows: list[LedgerRow]) -> list[LedgerRow]:
    """Queue the simple reminders, and return the rows to handle one by one.

    Those are the other rows, and the rows of incidents that another process has locked. Incidents are locked first and
    in the order of their numbers, so that two processes cannot deadlock.
    """
    by_incident = _single_reminders(rows)
    if len(by_incident) < 2 or context.policy.record == "key":
        return rows
    reminded: list[LedgerRow] = []
    async with context.database.transaction() as conn:
        now = context.clock.now()
        locked = await incidents.lock_unlocked(conn, sorted(by_incident))
        claimed = await deadlines.still_claimed(conn, [by_incident[incident.number] for incident in locked])
        simple: list[tuple[UnitOfWork, Deadline]] = []
        for incident in locked:
            row, work = by_incident[incident.number], await begin(context, conn, incident)
            work.look_since = look_since(context, row.due_at)
            if row.dedup_key in claimed and (deadline := _simple_reminder(work, row)) is not None:
                simple.append((work, deadline))
        activities = await _activities([work for work, _ in simple])
        pending = []
        for work, deadline in simple:
            incident, activity = work.incident, activities[work.incident.number]
            nudge = decide_nudge(incident, work.policy, deadline.kind, deadline.due_at, activity, now)
            if not nudge.page:
                pending.append(work.pending(remind(incident, deadline, nudge, (), now)))
                reminded.append(by_incident[incident.number])
        await commit_many(conn, pending, now)
    context.wakeups.notify()
    return [row for row in rows if row not in reminded]


def _single_reminders(rows: list[LedgerRow]) -> dict[int, LedgerRow]:
    """The reminders of incidents that have only one, by incident."""
    reminders = [row for row in rows if row.subject is not None and row.subject.kind in KINDS]
    count = Counter(row.incident for row in reminders)
    return {row.incident: row for row in reminders if count[row.incident] == 1}


def _simple_reminder(work: UnitOfWork, row: LedgerRow) -> Deadline | None:
    """The row's deadline; None if it is no longer planned, or the incident owes other reminders too."""
    planned = [deadline for deadline in work.planned if deadline.subject and deadline.subject.kind in _REMINDERS]
    return planned[0] if [deadline.dedup_key for deadline in planned] == [row.dedup_key] else None


async def _activities(works: list[UnitOfWork]) -> dict[int, Activity]:
    """The recent activity of people, by incident, in one query for each `busy_within`."""
    by_span: dict[timedelta, list[UnitOfWork]] = {}
    for work in works:
        by_span.setdefault(work.policy.nudges.busy_within, []).append(work)
    activities: dict[int, Activity] = {}
    for span, alike in by_span.items():
        numbers = [work.incident.number for work in alike]
        activities |= await entries.activity_by_incident(alike[0].conn, numbers, alike[0].now - span)
    return activities
