"""Computes how a playbook run changes when a job starts, finishes, or was interrupted and may have run.

A job is one execution of a step by a runner.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from bot.domain.errors import Refused
from bot.domain.playbook.run import UNSUCCESSFUL, PlaybookRun, RunChange, StepAlreadySettled, StepStatus, status_text
from bot.domain.playbook.transitions import (
    finish_if_complete,
    log_entry,
    requester,
    require_active,
    restart_timer,
    resume,
    settle_step,
    start_current,
    with_step,
    withdraw_approval,
)
from bot.domain.timeline.entry import BOT
from bot.domain.values.slack_ids import user_mention


def record_start(run: PlaybookRun, key: str, job: str, by: str, now: datetime, action: str = "run") -> RunChange:
    """Mark the step as running a job.

    Raises `StepAlreadySettled` if a job is already running, or if the step is settled and `action` is not `rollback`.
    """
    step = run.step(key)
    if step.state is StepStatus.RUNNING or (step.settled and action == "run"):
        raise StepAlreadySettled(status_text(step.state), step)
    # An automatic rollback was fixed, shown and approved together with the job that it reverts.
    automatic_rollback = by == BOT and action == "rollback"
    if not automatic_rollback:
        if step.state is StepStatus.WAITING:
            raise Refused(f"Step {key} waits for approval, which {user_mention(requester(step))} asked for.")
        if step.needs_approval and step.state is not StepStatus.APPROVED:
            raise Refused(f"Step {key} needs approval first.")
        require_active(run)
    run = (
        withdraw_approval(run, step, "no longer needed: the step is rolled back")
        if step.state is StepStatus.WAITING
        else run
    )
    step = run.step(key)
    if run.outcome == "finished":
        run = resume(run)
    holder = step.holder or (None if by == BOT else by)
    after_failure = action == "rollback" and step.state in (StepStatus.FAILED, StepStatus.TIMED_OUT)
    failed = step.reason or str(step.state).replace("_", " ") if after_failure else ""
    running = replace(
        step, state=StepStatus.RUNNING, by=by, at=now, reason="", failed=failed, job=job, action=action, holder=holder
    )
    text = "runs" if action == "run" else "is being rolled back"
    logged = log_entry(run, now, by, "running", text, step, job=job, action=action)
    return RunChange(start_current(with_step(run, running), now), (logged,))


def record_end(run: PlaybookRun, key: str, job: str, outcome: str, text: str, now: datetime) -> RunChange:
    """Record that a job ended with `outcome`: `succeeded`, `failed`, `timed_out`, `refused` or `cancelled`.

    After a rollback the step is rolled back if the job succeeded, otherwise failed. If the step has another job by now,
    only the timeline changes.
    """
    step = run.step(key)
    state = _state_after(step.action, outcome)
    line = _outcome_text(step.action, outcome) + (f": {text}" if text else "")
    act = outcome if outcome in ("cancelled", "refused") else str(state)
    logged = log_entry(
        run, now, BOT, act, line, step, key=state in UNSUCCESSFUL, job=job, action=step.action, outcome=outcome
    )
    if step.job != job or step.state is not StepStatus.RUNNING:
        return RunChange(run, (logged,))
    approval = step.asked if outcome == "succeeded" else None
    ended = replace(restart_timer(step, now), state=state, at=now, reason=text, asked=approval)
    return finish_if_complete(start_current(with_step(run, ended), now), step.by or BOT, now, (logged,))


def may_have_run(run: PlaybookRun, key: str, job: str, text: str, now: datetime) -> RunChange:
    """Record that a job was interrupted. The bot never repeats it by itself: a person looks and decides."""
    step = run.step(key)
    if step.job != job or step.state is not StepStatus.RUNNING:
        return RunChange(run)
    line = text or "was interrupted and may have run; look before you decide"
    logged = log_entry(run, now, BOT, "may_have_run", line, step, job=job, action=step.action, key=True)
    uncertain = replace(restart_timer(step, now), state=StepStatus.MAY_HAVE_RUN, at=now, reason=text, asked=None)
    return RunChange(with_step(run, uncertain), (logged,))


def settle_uncertain(run: PlaybookRun, key: str, job: str, ran: bool, actor: str, now: datetime) -> RunChange:
    """Record a person's answer whether an interrupted job ran. Without effect if the step has moved on since."""
    step = run.step(key)
    if step.job != job or step.state is not StepStatus.MAY_HAVE_RUN:
        return RunChange(run)
    rollback = step.action == "rollback"
    state = {
        (True, True): StepStatus.ROLLED_BACK,
        (True, False): StepStatus.FAILED,
        (False, True): StepStatus.DONE,
    }.get((rollback, ran), StepStatus.OPEN)
    reason = f"{'the rollback' if rollback else 'it'} {'ran' if ran else 'did not run'}, says {user_mention(actor)}"
    restarted = restart_timer(step, now)
    return settle_step(with_step(run, restarted), restarted, state, actor, now, reason, "after_all")


def _state_after(action: str, outcome: str) -> StepStatus:
    if outcome in ("cancelled", "refused"):
        return StepStatus.OPEN
    if outcome == "succeeded":
        return StepStatus.SUCCEEDED if action == "run" else StepStatus.ROLLED_BACK
    return StepStatus.TIMED_OUT if outcome == "timed_out" else StepStatus.FAILED


def _outcome_text(action: str, outcome: str) -> str:
    noun = "run" if action == "run" else "rollback"
    return f"{noun} {'timed out' if outcome == 'timed_out' else outcome}"
