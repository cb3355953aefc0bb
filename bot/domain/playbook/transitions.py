"""Computes the single state changes of a playbook run and its steps, of which all actions on a run consist."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from bot.domain.errors import Refused
from bot.domain.playbook.run import (
    SETTLED,
    ApprovalStatus,
    PlaybookRun,
    RunChange,
    StepAlreadySettled,
    StepState,
    StepStatus,
    current_steps,
    status_text,
)
from bot.domain.timeline.entry import BOT, Entry, entry
from bot.domain.values.slack_ids import user_mention


def require_active(run: PlaybookRun) -> None:
    """Raise `Refused` if the run has ended."""
    if run.active:
        return
    how = "is finished" if run.outcome == "finished" else "was stopped"
    raise Refused(f"{run.name} {how}. Reopen a step, or open it again.", f"playbook {run.playbook}")


def require_undoable(step: StepState) -> None:
    """Raise `Refused` if the step was neither done nor run, so that there is nothing to undo."""
    if not step.undoable:
        raise Refused(f"Step {step.key} was not done yet, so there is nothing to roll back. Skip leaves it out.")


def requester(step: StepState) -> str:
    """The person who asked for the approval that the step waits for."""
    return step.asked.by if step.asked else step.by or BOT


def actionable_step(run: PlaybookRun, key: str, *, waiting: bool = False, running: bool = False) -> StepState:
    """The step with this key, if a person may act on it now. Raises `Refused` or `StepAlreadySettled` otherwise.

    `waiting` and `running` permit a step that waits for approval or is running.
    """
    step = run.step(key)
    if step.settled:
        raise StepAlreadySettled(status_text(step.state), step)
    require_active(run)
    if step.state is StepStatus.RUNNING and not running:
        raise Refused(f"Step {key} is running. Wait until it has ended.")
    awaits_rollback = step.asked is not None and step.asked.was in SETTLED
    if step.state is StepStatus.WAITING and (not waiting or awaits_rollback):
        raise Refused(f"Step {key} waits for approval, which {user_mention(requester(step))} asked for.")
    return step


def settle_step(
    run: PlaybookRun, step: StepState, state: StepStatus, actor: str, now: datetime, reason: str, act: str
) -> RunChange:
    """Change a step's state, and finish the run if that was the last step."""
    change = change_status(run, step, state, actor, now, reason, act)
    return finish_if_complete(change.run, actor, now, change.entries)


def change_status(
    run: PlaybookRun, step: StepState, state: StepStatus, actor: str, now: datetime, reason: str, act: str
) -> RunChange:
    """Change a step's state and start the timers of the steps that are now current."""
    changed = replace(run.step(step.key), state=state, by=actor, at=now, reason=reason, reminders=())
    if state is StepStatus.ROLLED_BACK:
        changed = replace(changed, started_at=None, nudged=0)
    text = status_text(state) + (f": {reason}" if reason else "")
    return RunChange(
        start_current(with_step(run, changed), now), (log_entry(run, now, actor, act, text, step, reason=reason),)
    )


def finish_if_complete(run: PlaybookRun, actor: str, now: datetime, entries: tuple[Entry, ...]) -> RunChange:
    """End the run if every step is settled; otherwise start the timers of the current steps."""
    if not run.active or run.settled < len(run.steps):
        return RunChange(start_current(run, now), entries)
    ended = replace(run, outcome="finished", ended_by=actor, ended_at=now)
    skipped = sum(step.state is StepStatus.SKIPPED for step in run.steps)
    text = f"finished, {len(run.steps) - skipped} of {len(run.steps)} steps done"
    return RunChange(ended, (*entries, log_entry(run, now, actor, "finished", text, key=True)))


def withdraw_approval(run: PlaybookRun, step: StepState, why: str) -> PlaybookRun:
    """Void the step's pending or granted approval, if any. The message to the requester gives the reason `why`."""
    if step.asked is None or step.state not in (StepStatus.WAITING, StepStatus.APPROVED):
        return run
    withdrawn = replace(step.asked, answer=ApprovalStatus.WITHDRAWN, reason=why)
    return with_step(run, replace(step, state=step.asked.was, asked=withdrawn))


def start_current(run: PlaybookRun, now: datetime) -> PlaybookRun:
    """Start the timer of each current step that has none."""
    for step in current_steps(run):
        if step.started_at is None:
            run = with_step(run, restart_timer(step, now))
    return run


def restart_timer(step: StepState, now: datetime) -> StepState:
    """Give the step its full time again, and drop its reminders."""
    return replace(step, started_at=now, turns=step.turns + 1, nudged=0, reminders=())


def resume(run: PlaybookRun) -> PlaybookRun:
    """Make a run active again after it has ended."""
    return replace(run, outcome=None, ended_by=None, ended_at=None, reason="", helped=None)


def with_step(run: PlaybookRun, step: StepState) -> PlaybookRun:
    """The run with this step in place of the one with the same key."""
    return replace(run, steps=tuple(step if old_step.key == step.key else old_step for old_step in run.steps))


def log_entry(
    run: PlaybookRun,
    now: datetime,
    actor: str,
    act: str,
    text: str,
    step: StepState | None = None,
    *,
    key: bool = False,
    **data: Any,
) -> Entry:
    """An entry such as `Database failover, 2.1 Promote the replica: done`."""
    subject = f"{run.name}, {step.key} {step.title}" if step else run.name
    common = {"walk": run.number, "playbook": run.playbook, "act": act, **({"step": step.key} if step else {})}
    return replace(entry(now, "playbook", actor, f"{subject}: {text}", **common, **data), key=key)
