"""When a step takes too long, or an approval: the timers from which deadlines are planned, and what was reminded."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from bot.domain.incident import RunSummary, Timer
from bot.domain.playbook import transitions as moves
from bot.domain.playbook.run import Approval, PlaybookRun, RunChange, StepState, StepStatus, current, standing_approvals
from bot.domain.timeline.entry import BOT

AGAIN_AT_LEAST = timedelta(minutes=5)  # between the first reminder of a step and the one to the commander
REMINDERS = 2  # whoever holds the step, then the commander
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


def walking(walk: PlaybookRun, last: str = "") -> RunSummary:
    """What the incident itself knows of a walk: progress, and the timers from which its deadlines are planned."""
    return RunSummary(
        walk.number, walk.playbook, walk.name, walk.settled, len(walk.steps), walk.outcome, timers(walk), last
    )


def timers(walk: PlaybookRun) -> tuple[Timer, ...]:
    if not walk.going:
        return ()
    return (
        *(_step_timer(walk, mark) for mark in current(walk) if mark.state in TIMED and mark.nudged < REMINDERS),
        *(_approval_timer(walk, mark, asked) for mark, asked in standing_approvals(walk)),
    )


def _step_timer(walk: PlaybookRun, mark: StepState) -> Timer:
    began = mark.started_at or walk.opened_at
    span = mark.timeout if not mark.nudged else mark.timeout + max(mark.timeout, AGAIN_AT_LEAST)
    who = f"<@{mark.holder}>" if mark.holder and not mark.nudged else "whoever holds it" if not mark.nudged else ""
    whom = f"then {who} is asked" if who else "then the commander is asked"
    why = f"{walk.name}, step {mark.key}: given {_minutes(mark.timeout)}, {whom}"
    return Timer(f"step:{walk.number}:{mark.key}:{mark.turns}:{mark.nudged}", began + span, span, why)


def _approval_timer(walk: PlaybookRun, mark: StepState, asked: Approval) -> Timer:
    why = f"{walk.name}, step {mark.key}: <@{asked.by}> asked for approval; unanswered it expires"
    return Timer(f"approval:{walk.number}:{mark.key}:{asked.number}", asked.due_at, asked.due_at - asked.asked_at, why)


def _minutes(span: timedelta) -> str:
    seconds = int(span.total_seconds())
    if seconds < 60:
        return f"{seconds} s"
    return f"{seconds // 60} min" if seconds < 7200 else f"{seconds // 3600} h"


def reminded(walk: PlaybookRun, key: str, whom: str, deadline: str, now: datetime, late: str = "") -> RunChange:
    """The time of a step is over, and somebody was asked; the reminder before this one is overtaken."""
    mark = walk.mark(key)
    text = f"not settled within {_minutes(mark.timeout)}: <@{whom}> is asked{late}"
    said = moves.log_entry(walk, now, BOT, "reminded", text, mark, user=whom)
    return RunChange(moves.put(walk, replace(mark, nudged=mark.nudged + 1, reminders=(deadline,))), (said,))


def not_again(walk: PlaybookRun, key: str) -> PlaybookRun:
    """Whoever would be asked now was asked before."""
    return moves.put(walk, replace(walk.mark(key), nudged=REMINDERS))
