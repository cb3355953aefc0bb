"""Computes how a playbook run changes when people complete, skip, annotate, assign, reopen or roll back a step."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from bot.domain.errors import Refused
from bot.domain.playbook.run import Note, PlaybookRun, RunChange, StepAlreadySettled, StepStatus, status_text
from bot.domain.playbook.transitions import (
    actionable_step,
    change_status,
    log_entry,
    require_undoable,
    restart_timer,
    resume,
    settle_step,
    start_current,
    with_step,
    withdraw_approval,
)
from bot.domain.values.slack_ids import user_mention


def complete(run: PlaybookRun, key: str, actor: str, now: datetime) -> RunChange:
    """Mark a step as done by hand."""
    step = actionable_step(run, key)
    if not step.approved:
        raise Refused(f"Step {key} needs approval first. Press Ask for approval.")
    return settle_step(run, step, StepStatus.DONE, actor, now, "", "done")


def skip(run: PlaybookRun, key: str, actor: str, now: datetime, reason: str) -> RunChange:
    """Skip a step with a reason; a pending request for its approval is withdrawn."""
    step = actionable_step(run, key, waiting=True)
    if not reason.strip():
        raise Refused("Say why the step is skipped, such as “We have no replica”.")
    why = f"no longer needed: {user_mention(actor)} skipped the step, {reason.strip()}"
    withdrawn = withdraw_approval(run, step, why)
    return settle_step(withdrawn, run.step(key), StepStatus.SKIPPED, actor, now, reason.strip(), "skipped")


def note(run: PlaybookRun, key: str | None, actor: str, now: datetime, text: str) -> RunChange:
    """Add a note to a step, or to the whole run if `key` is None. Allowed after the run has ended, too."""
    text = text.strip()
    if not text:
        raise Refused("A note needs text.", "note Deploy 4512 went out at 02:47")
    if key is None:
        return RunChange(run, (log_entry(run, now, actor, "note", text),))
    step = run.step(key)
    annotated = replace(step, notes=(*step.notes, Note(actor, now, text)))
    return RunChange(with_step(run, annotated), (log_entry(run, now, actor, "note", text, step),))


def assign(run: PlaybookRun, key: str, user: str | None, actor: str, now: datetime) -> RunChange:
    """Assign a step to a person, who is reminded when it takes too long. None: to nobody. The timer restarts."""
    step = actionable_step(run, key, waiting=True, running=True)
    if step.holder == user:
        return RunChange(run)
    assigned = replace(step, holder=user)
    if user is not None:
        assigned = replace(restart_timer(assigned, now), started_at=now if assigned.started_at else None)
    text = f"assigned to {user_mention(user)}" if user else "assigned to nobody"
    logged = log_entry(run, now, actor, "assigned", text, step, user=user)
    return RunChange(with_step(run, assigned), (logged,))


def reopen(run: PlaybookRun, key: str, actor: str, now: datetime) -> RunChange:
    """Make a settled step current again. A run that had ended becomes active."""
    step = run.step(key)
    if not step.settled and step.state is not StepStatus.ROLLED_BACK:
        raise Refused(f"Step {key} is {status_text(step.state)}; there is nothing to reopen.")
    reset = replace(
        step,
        state=StepStatus.OPEN,
        by=actor,
        at=now,
        reason="",
        started_at=None,
        nudged=0,
        reminders=(),
        asked=None,
        job=None,
    )
    reopened = start_current(with_step(resume(run), reset), now)
    return RunChange(reopened, (log_entry(run, now, actor, "reopened", "reopened", step),))


def roll_back(run: PlaybookRun, key: str, actor: str, now: datetime, reason: str = "") -> RunChange:
    """Record that a person undid a step by hand. The step becomes current again, to be repeated or skipped."""
    step = run.step(key)
    if step.state is StepStatus.RUNNING:
        raise Refused(f"Step {key} is running. Wait until it has ended, then roll it back.")
    if step.state is StepStatus.ROLLED_BACK:
        raise StepAlreadySettled("rolled back", step)
    if run.outcome == "abandoned":
        raise Refused(f"{run.name} was stopped. Open it again to go on.", f"playbook {run.playbook}")
    require_undoable(step)
    withdrawn = withdraw_approval(run, step, f"no longer needed: {user_mention(actor)} rolled the step back")
    resumed = resume(withdrawn)
    return change_status(resumed, run.step(key), StepStatus.ROLLED_BACK, actor, now, reason.strip(), "rolled_back")
