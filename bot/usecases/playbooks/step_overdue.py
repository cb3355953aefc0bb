"""A step takes longer than its playbook gives it: whoever holds it is asked, then the commander."""

from __future__ import annotations

from bot.domain import routing
from bot.domain.deadlines import DeadlineState, is_late
from bot.domain.incident import Incident
from bot.domain.playbook import run as walks
from bot.domain.playbook import timers
from bot.domain.playbook.run import PlaybookRun, StepState
from bot.domain.values import durations
from bot.usecases.playbooks.unit_of_work import commit, found
from bot.usecases.unit_of_work import UnitOfWork
from storage import deadlines
from storage.deadlines import LedgerRow


async def lapse(work: UnitOfWork, row: LedgerRow) -> None:
    """1. Whom; 2. the decision in the ledger; 3. a message in the walk's thread, with the entry."""
    _, _, _, number, step, _, _ = row.dedup_key.split(":")
    walk, _ = await found(work.conn, work.incident.number, int(number))
    mark = walk.mark(step)
    person = _whom(work.incident, walk, mark)
    if mark.nudged and person == _first(work.incident, walk, mark):
        reason = f"<@{person}> was asked already, and leads"
        await deadlines.decide(work.conn, row.dedup_key, DeadlineState.SKIPPED, reason, work.now)
        await commit(work, walks.RunChange(timers.not_again(walk, step)))
        return
    late = work.now - row.due_at
    late_s = late.total_seconds() if is_late(late, mark.timeout) else None
    suffix = f", late by {durations.approximate(late)}" if late_s else ""
    reason = f"{walk.name}, step {step}: not settled, <@{person}> is asked{suffix}"
    await deadlines.decide(work.conn, row.dedup_key, DeadlineState.DUE, reason, work.now)
    change = timers.reminded(walk, step, person, row.dedup_key, work.now, suffix)
    await commit(
        work,
        change,
        [routing.playbook_runs.step_late(change.walk, change.walk.mark(step), person, row.dedup_key, late_s)],
    )


def _whom(incident: Incident, walk: PlaybookRun, mark: StepState) -> str:
    return _leads(incident) if mark.nudged else _first(incident, walk, mark)


def _first(incident: Incident, walk: PlaybookRun, mark: StepState) -> str:
    return mark.holder or incident.roles.get("commander") or walk.opened_by


def _leads(incident: Incident) -> str:
    return incident.roles.get("commander") or incident.declared_by
