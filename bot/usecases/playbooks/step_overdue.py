"""A step takes longer than its playbook gives it: whoever holds it is asked, then the commander."""

from __future__ import annotations

from bot.domain import routing
from bot.domain.deadlines import DeadlineState
from bot.domain.incident import Incident
from bot.domain.playbook import run as walks
from bot.domain.playbook import timers
from bot.domain.playbook.run import PlaybookRun, StepState
from bot.domain.reminder import is_late
from bot.domain.values import durations
from bot.usecases.playbooks.unit_of_work import commit, load_run
from bot.usecases.unit_of_work import UnitOfWork
from storage import deadlines
from storage.deadlines import LedgerRow


async def remind(work: UnitOfWork, row: LedgerRow) -> None:
    """1. Whom; 2. the decision in the ledger; 3. a message in the walk's thread, with the entry."""
    _, _, _, number, step, _, _ = row.dedup_key.split(":")
    run, _ = await load_run(work.conn, work.incident.number, int(number))
    mark = run.step(step)
    person = _recipient(work.incident, run, mark)
    if mark.nudged and person == _first_recipient(work.incident, run, mark):
        reason = f"<@{person}> was asked already, and leads"
        await deadlines.decide(work.conn, row.dedup_key, DeadlineState.SKIPPED, reason, work.now)
        await commit(work, walks.RunChange(timers.stop_reminding(run, step)))
        return
    late = work.now - row.due_at
    late_s = late.total_seconds() if is_late(late, mark.timeout) else None
    suffix = f", late by {durations.approximate(late)}" if late_s else ""
    reason = f"{run.name}, step {step}: not settled, <@{person}> is asked{suffix}"
    await deadlines.decide(work.conn, row.dedup_key, DeadlineState.DUE, reason, work.now)
    change = timers.record_reminder(run, step, person, row.dedup_key, work.now, suffix)
    await commit(
        work,
        change,
        [routing.playbook_runs.step_late(change.run, change.run.step(step), person, row.dedup_key, late_s)],
    )


def _recipient(incident: Incident, run: PlaybookRun, step: StepState) -> str:
    return _commander(incident) if step.nudged else _first_recipient(incident, run, step)


def _first_recipient(incident: Incident, run: PlaybookRun, step: StepState) -> str:
    return step.holder or incident.roles.get("commander") or run.opened_by


def _commander(incident: Incident) -> str:
    return incident.roles.get("commander") or incident.declared_by
