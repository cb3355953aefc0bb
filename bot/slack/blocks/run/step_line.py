"""Formats the progress of a playbook run, and of each of its steps, as one line."""

from __future__ import annotations

from datetime import datetime

from bot.domain.playbook import run as runs
from bot.domain.playbook.run import PlaybookRun, StepState, StepStatus
from bot.slack.blocks import phrases
from bot.slack.text import clip, mention, render

REASON = 300  # characters of a reason or a note
SIGNS = {
    StepStatus.DONE: ":white_check_mark:",
    StepStatus.SUCCEEDED: ":white_check_mark:",
    StepStatus.SKIPPED: ":fast_forward:",
    StepStatus.FAILED: ":x:",
    StepStatus.TIMED_OUT: ":alarm_clock:",
    StepStatus.ROLLED_BACK: ":rewind:",
    StepStatus.MAY_HAVE_RUN: ":warning:",
    StepStatus.RUNNING: ":hourglass_flowing_sand:",
    StepStatus.WAITING: ":raised_hand:",
    StepStatus.APPROVED: ":thumbsup:",
    StepStatus.OPEN: ":white_small_square:",
}
BY = {
    StepStatus.DONE: "",
    StepStatus.SUCCEEDED: "run by ",
    StepStatus.SKIPPED: "skipped by ",
    StepStatus.FAILED: "failed, started by ",
    StepStatus.TIMED_OUT: "timed out, started by ",
    StepStatus.ROLLED_BACK: "rolled back by ",
    StepStatus.MAY_HAVE_RUN: "may have run, started by ",
    StepStatus.RUNNING: "running, started by ",
    StepStatus.WAITING: "approval asked for by ",
    StepStatus.APPROVED: "approved by ",
}
IN_HISTORY = runs.UNSUCCESSFUL | {StepStatus.ROLLED_BACK}  # steps that ran but are still open, and come up again later
WITH_REASON = (StepStatus.SKIPPED, StepStatus.FAILED, StepStatus.TIMED_OUT)


def progress_bar(run: PlaybookRun) -> str:
    """Ten cells and the number of settled steps. The bar of a run without steps is full."""
    total = len(run.steps)
    filled = round(10 * run.settled / total) if total else 10
    return f"{'▰' * filled}{'▱' * (10 - filled)} *{run.settled} of {total}*"


def step_line(state: StepState, now: datetime) -> str:
    """Sign, key and title of a step; for a step that was worked on also who did what and when."""
    head = f"{SIGNS[state.state]} {state.key} {render(state.title)}"
    if state.state is StepStatus.OPEN or state.by is None:
        return head
    at = phrases.at(state.at, now) if state.at else ""
    because = f": {render(clip(state.reason, REASON))}" if state.reason and state.state in WITH_REASON else ""
    return f"{head} — {BY[state.state]}{mention(state.by)} {at}{because}"
