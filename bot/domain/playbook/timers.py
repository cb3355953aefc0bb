"""Lists the timers of a run's steps and approvals, and records the reminders that were sent about them.

`bot.domain.deadlines` plans a deadline for each timer.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from bot.domain.incident import RunSummary, Timer
from bot.domain.playbook.run import (
    Approval,
    PlaybookRun,
    RunChange,
    StepState,
    StepStatus,
    current_steps,
    pending_approvals,
)
from bot.domain.playbook.transitions import log_entry, with_step
from bot.domain.timeline.entry import BOT
from bot.domain.values.slack_ids import user_mention

MIN_REMINDER_GAP = timedelta(minutes=5)  # between the reminder to the holder of a step and the one to the commander
MAX_REMINDERS = 2  # to the holder of the step, then to the commander
TIMED = frozenset(
    {
        StepStatus.OPEN,
        StepStatus.APPROVED,
        StepStatus.FAILED,
        StepStatus.TIMED_OUT,
        StepStatus.MAY_HAVE_RUN,
        StepStatus.ROLLED_BACK,
    }
)


def run_summary(run: PlaybookRun, last: str = "") -> RunSummary:
    """The summary of a run that the incident stores: progress, timers and `last`, the latest thing that happened."""
    return RunSummary(run.number, run.playbook, run.name, run.settled, len(run.steps), run.outcome, timers(run), last)


def timers(run: PlaybookRun) -> tuple[Timer, ...]:
    """The timers of current steps and of pending approvals. Empty once the run has ended."""
    if not run.active:
        return ()
    return (
        *(_step_timer(run, step) for step in current_steps(run) if step.state in TIMED and step.nudged < MAX_REMINDERS),
        *(_approval_timer(run, step, approval) for step, approval in pending_approvals(run)),
    )


def _step_timer(run: PlaybookRun, step: StepState) -> Timer:
    began = step.started_at or run.opened_at
    span = step.timeout if not step.nudged else step.timeout + max(step.timeout, MIN_REMINDER_GAP)
    holder = f"{user_mention(step.holder)}" if step.holder else "its holder"
    recipient = "the commander" if step.nudged else holder
    why = f"{run.name}, step {step.key}: given {_minutes(step.timeout)}, then {recipient} is asked"
    return Timer(f"step:{run.number}:{step.key}:{step.turns}:{step.nudged}", began + span, span, why)


def _approval_timer(run: PlaybookRun, step: StepState, approval: Approval) -> Timer:
    why = f"{run.name}, step {step.key}: {user_mention(approval.by)} asked for approval; it expires unanswered"
    span = approval.due_at - approval.asked_at
    return Timer(f"approval:{run.number}:{step.key}:{approval.number}", approval.due_at, span, why)


def _minutes(span: timedelta) -> str:
    seconds = int(span.total_seconds())
    if seconds < 60:
        return f"{seconds} s"
    return f"{seconds // 60} min" if seconds < 7200 else f"{seconds // 3600} h"


def record_reminder(run: PlaybookRun, key: str, user: str, deadline: str, now: datetime, late: str = "") -> RunChange:
    """Record that `user` was reminded of a step that took too long. It replaces the previous reminder.

    `deadline` is the `dedup_key` of the deadline; `late` says how late the reminder is, if it is.
    """
    step = run.step(key)
    text = f"not settled within {_minutes(step.timeout)}: {user_mention(user)} is asked{late}"
    logged = log_entry(run, now, BOT, "reminded", text, step, user=user)
    return RunChange(with_step(run, replace(step, nudged=step.nudged + 1, reminders=(deadline,))), (logged,))


def stop_reminding(run: PlaybookRun, key: str) -> PlaybookRun:
    """Send no more reminders for a step: the next recipient already got one."""
    return with_step(run, replace(run.step(key), nudged=MAX_REMINDERS))
