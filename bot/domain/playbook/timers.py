"""When a step takes too long, or an approval: the timers from which deadlines are planned, and what was reminded."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from bot.domain.incident import RunSummary, Timer
from bot.domain.playbook import transitions as moves
from bot.domain.playbook.run import (
    Approval,
    PlaybookRun,
    RunChange,
    StepState,
    StepStatus,
    current_steps,
    pending_approvals,
)
from bot.domain.timeline.entry import BOT
from bot.domain.values.slack_ids import user_mention

MIN_REMINDER_GAP = timedelta(minutes=5)  # between the first reminder of a step and the one to the commander
MAX_REMINDERS = 2  # whoever holds the step, then the commander
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
    """What the incident itself knows of a walk: progress, and the timers from which its deadlines are planned."""
    return RunSummary(run.number, run.playbook, run.name, run.settled, len(run.steps), run.outcome, timers(run), last)


def timers(run: PlaybookRun) -> tuple[Timer, ...]:
    if not run.active:
        return ()
    return (
        *(_step_timer(run, step) for step in current_steps(run) if step.state in TIMED and step.nudged < MAX_REMINDERS),
        *(_approval_timer(run, step, asked) for step, asked in pending_approvals(run)),
    )


def _step_timer(run: PlaybookRun, step: StepState) -> Timer:
    began = step.started_at or run.opened_at
    span = step.timeout if not step.nudged else step.timeout + max(step.timeout, MIN_REMINDER_GAP)
    who = (
        user_mention(step.holder) if step.holder and not step.nudged else "whoever holds it" if not step.nudged else ""
    )
    whom = f"then {who} is asked" if who else "then the commander is asked"
    why = f"{run.name}, step {step.key}: given {_minutes(step.timeout)}, {whom}"
    return Timer(f"step:{run.number}:{step.key}:{step.turns}:{step.nudged}", began + span, span, why)


def _approval_timer(run: PlaybookRun, step: StepState, asked: Approval) -> Timer:
    why = f"{run.name}, step {step.key}: {user_mention(asked.by)} asked for approval; unanswered it expires"
    return Timer(f"approval:{run.number}:{step.key}:{asked.number}", asked.due_at, asked.due_at - asked.asked_at, why)


def _minutes(span: timedelta) -> str:
    seconds = int(span.total_seconds())
    if seconds < 60:
        return f"{seconds} s"
    return f"{seconds // 60} min" if seconds < 7200 else f"{seconds // 3600} h"


def record_reminder(run: PlaybookRun, key: str, user: str, deadline: str, now: datetime, late: str = "") -> RunChange:
    """The time of a step is over, and somebody was asked; the reminder before this one is overtaken."""
    step = run.step(key)
    text = f"not settled within {_minutes(step.timeout)}: {user_mention(user)} is asked{late}"
    said = moves.log_entry(run, now, BOT, "reminded", text, step, user=user)
    return RunChange(moves.with_step(run, replace(step, nudged=step.nudged + 1, reminders=(deadline,))), (said,))


def stop_reminding(run: PlaybookRun, key: str) -> PlaybookRun:
    """Whoever would be asked now was asked before."""
    return moves.with_step(run, replace(run.step(key), nudged=MAX_REMINDERS))
