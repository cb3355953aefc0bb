"""Handles a lapsed deadline: a playbook step takes too long, so its holder and later the commander are reminded."""

from __future__ import annotations

from dataclasses import replace

from bot.domain import routing
from bot.domain.deadlines import Deadline, DeadlineState
from bot.domain.incident import Incident
from bot.domain.lapsed.reminder_reason import is_late, late_by
from bot.domain.outcome import LedgerDecision, Outcome
from bot.domain.playbook import timers
from bot.domain.playbook.run import PlaybookRun, RunChange, StepState
from bot.domain.routing.keys import StepSubject
from bot.domain.values.slack_ids import user_mention
from bot.usecases.playbooks.unit_of_work import load_run, save_run
from bot.usecases.unit_of_work import UnitOfWork


async def handle(work: UnitOfWork, deadline: Deadline) -> Outcome:
    """Remind one person in the thread of the run."""
    subject = deadline.about(StepSubject)
    run, _ = await load_run(work.conn, work.incident.number, subject.run)
    step = run.step(subject.step)
    person = _commander(work.incident) if step.nudged else _holder(work.incident, run, step)
    if step.nudged and person == _holder(work.incident, run, step):
        outcome = await save_run(work, RunChange(timers.stop_reminding(run, subject.step)))
        return _with(outcome, deadline, DeadlineState.SKIPPED, f"{user_mention(person)} was asked already, and leads")
    late = work.now - deadline.due_at
    late_s = late.total_seconds() if is_late(late, step.timeout) else None
    suffix = late_by(late, step.timeout)
    change = timers.record_reminder(run, subject.step, person, deadline.dedup_key, work.now, suffix)
    reminded = change.run.step(subject.step)
    message = routing.playbook_runs.step_overdue(change.run, reminded, person, deadline.dedup_key, late_s)
    reason = f"{run.name}, step {subject.step}: not settled, {user_mention(person)} is asked{suffix}"
    return _with(await save_run(work, change, [message]), deadline, DeadlineState.DUE, reason)


def _with(outcome: Outcome, deadline: Deadline, state: DeadlineState, reason: str) -> Outcome:
    return replace(outcome, ledger=(LedgerDecision(deadline.dedup_key, state, reason),))


def _holder(incident: Incident, run: PlaybookRun, step: StepState) -> str:
    return step.holder or incident.roles.get("commander") or run.opened_by


def _commander(incident: Incident) -> str:
    return incident.roles.get("commander") or incident.declared_by
