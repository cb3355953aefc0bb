"""Reminds the holder of a step, then the commander, when the step takes longer than its playbook allows."""

from __future__ import annotations

from bot.domain import routing
from bot.domain.deadlines import DeadlineState
from bot.domain.incident import Incident
from bot.domain.playbook import timers
from bot.domain.playbook.run import PlaybookRun, RunChange, StepState
from bot.domain.reminder import is_late
from bot.domain.values import durations
from bot.usecases.playbooks.unit_of_work import commit, load_run
from bot.usecases.unit_of_work import UnitOfWork
from storage import deadlines
from storage.deadlines import LedgerRow


async def remind(work: UnitOfWork, row: LedgerRow) -> None:
    """Send the reminder of a lapsed deadline.

    1. Choose the recipient. 2. Record the decision in the ledger. 3. Post in the run's thread, with a timeline entry.
    """
    _, _, _, number, key, _, _ = row.dedup_key.split(":")
    run, _ = await load_run(work.conn, work.incident.number, int(number))
    step = run.step(key)
    recipient = _recipient(work.incident, run, step)
    if step.nudged and recipient == _first_recipient(work.incident, run, step):
        reason = f"<@{recipient}> was asked already, and leads"
        await deadlines.decided(work.conn, row.dedup_key, DeadlineState.SKIPPED, reason, work.now)
        await commit(work, RunChange(timers.stop_reminding(run, key)))
        return
    late = work.now - row.due_at
    late_s = late.total_seconds() if is_late(late, step.timeout) else None
    suffix = f", late by {durations.approximate(late)}" if late_s else ""
    reason = f"{run.name}, step {key}: not settled, <@{recipient}> is asked{suffix}"
    await deadlines.decided(work.conn, row.dedup_key, DeadlineState.DUE, reason, work.now)
    change = timers.record_reminder(run, key, recipient, row.dedup_key, work.now, suffix)
    notice = routing.playbook_runs.step_late(change.run, change.run.step(key), recipient, row.dedup_key, late_s)
    await commit(work, change, [notice])


def _recipient(incident: Incident, run: PlaybookRun, step: StepState) -> str:
    return _commander(incident) if step.nudged else _first_recipient(incident, run, step)


def _first_recipient(incident: Incident, run: PlaybookRun, step: StepState) -> str:
    return step.holder or incident.roles.get("commander") or run.opened_by


def _commander(incident: Incident) -> str:
    return incident.roles.get("commander") or incident.declared_by
