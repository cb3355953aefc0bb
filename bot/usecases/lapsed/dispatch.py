"""Calls the handler of each lapsed deadline, by its kind, and commits the outcome.

A handler reads what the decision needs and asks `bot.domain.lapsed` to decide.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import structlog

from bot.domain.deadlines import Deadline
from bot.domain.incident import Change
from bot.domain.outcome import Outcome, skip
from bot.domain.routing.keys import DeadlineKind
from bot.usecases.context import Context
from bot.usecases.lapsed import (
    agenda,
    approval_expired,
    handover,
    missed_target,
    person,
    play,
    rehearsal,
    reminder,
    review,
    role_shift,
    rung,
    step_overdue,
    trigger,
)
from bot.usecases.restored import look_since
from bot.usecases.unit_of_work import UnitOfWork, begin
from storage import deadlines, incidents
from storage.deadlines import LedgerRow

log = structlog.get_logger()

Handler = Callable[[UnitOfWork, Deadline], Awaitable[Outcome]]

HANDLERS: dict[DeadlineKind, Handler] = {
    DeadlineKind.UPDATE: reminder.handle,
    DeadlineKind.ROLE: reminder.handle,
    DeadlineKind.COMMS: reminder.handle,
    DeadlineKind.REVIEW: review.handle,
    DeadlineKind.AGENDA: agenda.handle,
    DeadlineKind.HANDOVER: handover.handle,
    DeadlineKind.SHIFT: role_shift.handle,
    DeadlineKind.RESPOND: missed_target.handle,
    DeadlineKind.MITIGATE: missed_target.handle,
    DeadlineKind.RUNG: rung.handle,
    DeadlineKind.PERSON: person.handle,
    DeadlineKind.TRIGGER: trigger.handle,
    DeadlineKind.REHEARSAL: rehearsal.handle,
    DeadlineKind.PLAY: play.handle,
    DeadlineKind.STEP: step_overdue.handle,
    DeadlineKind.APPROVAL: approval_expired.handle,
}


async def handle_lapsed(context: Context, rows: list[LedgerRow]) -> None:
    """Handle claimed deadlines in one transaction, those of an incident in the order in which they were due.

    A row that another process has claimed meanwhile is skipped. Raises the database's errors; then handle the rows one
    by one.
    """
    async with context.database.transaction() as conn:
        for row in sorted(rows, key=lambda row: (row.incident, row.due_at, row.rung or 0)):
            incident = await incidents.lock(conn, row.incident)
            if incident is not None and await deadlines.is_claimed(conn, row):
                work = await begin(context, conn, incident)
                work.look_since = look_since(context, row.due_at)
                await _handle(work, row)
    context.wakeups.notify()


async def _handle(work: UnitOfWork, row: LedgerRow) -> None:
    planned = next((deadline for deadline in work.planned if deadline.dedup_key == row.dedup_key), None)
    if planned is not None and planned.subject is not None:
        await work.write(await HANDLERS[planned.subject.kind](work, planned))
    elif row.subject is not None:
        await work.write(skip(Change(work.incident), row.dedup_key, "the incident moved on"))
    else:  # its lease ends, and a process of the version that planned it claims it
        log.warning("deadline.unknown_kind", incident=work.incident.id, deadline=row.dedup_key)
