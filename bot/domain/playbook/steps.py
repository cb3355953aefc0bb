"""What people do to a step: done, skipped, noted, given to somebody, reopened, rolled back."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from bot.domain.errors import Refused
from bot.domain.playbook import transitions as moves
from bot.domain.playbook.run import Note, Overtaken, PlaybookRun, RunChange, StepStatus, status_text
from bot.domain.values.slack_ids import user_mention


def complete(run: PlaybookRun, key: str, actor: str, now: datetime) -> RunChange:
    step = moves.actionable_step(run, key)
    if not step.approved:
        raise Refused(f"Step {key} needs somebody's approval first. Press Ask for approval.")
    return moves.settle_step(run, step, StepStatus.DONE, actor, now, "", "done")


def skip(run: PlaybookRun, key: str, actor: str, now: datetime, reason: str) -> RunChange:
    step = moves.actionable_step(run, key, waiting=True)
    if not reason.strip():
        raise Refused("Say why the step is skipped, such as “We have no replica”.")
    without = moves.withdraw_approval(
        run, step, f"not needed any more: {user_mention(actor)} skipped the step, {reason.strip()}"
    )
    return moves.settle_step(without, run.step(key), StepStatus.SKIPPED, actor, now, reason.strip(), "skipped")


def note(run: PlaybookRun, key: str | None, actor: str, now: datetime, text: str) -> RunChange:
    """About one step, or about the walk as a whole; also after its end."""
    text = text.strip()
    if not text:
        raise Refused("A note needs words.", "note Deploy 4512 went out at 02:47")
    if key is None:
        return RunChange(run, (moves.log_entry(run, now, actor, "note", text),))
    step = run.step(key)
    kept = replace(step, notes=(*step.notes, Note(actor, now, text)))
    return RunChange(moves.with_step(run, kept), (moves.log_entry(run, now, actor, "note", text, step),))


def assign(run: PlaybookRun, key: str, user: str | None, actor: str, now: datetime) -> RunChange:
    """Whoever holds a step is asked when it takes too long. A new holder is given the whole time."""
    step = moves.actionable_step(run, key, waiting=True, running=True)
    if step.holder == user:
        return RunChange(run)
    held = replace(step, holder=user)
    if user is not None:
        held = replace(moves.restart_timer(held, now), started_at=now if held.started_at else None)
    text = f"assigned to {user_mention(user)}" if user else "assigned to nobody"
    return RunChange(moves.with_step(run, held), (moves.log_entry(run, now, actor, "assigned", text, step, user=user),))


def reopen(run: PlaybookRun, key: str, actor: str, now: datetime) -> RunChange:
    """It is not done after all: it is its turn again. A walk that had ended goes on."""
    step = run.step(key)
    if not step.settled and step.state is not StepStatus.ROLLED_BACK:
        raise Refused(f"Step {key} is {status_text(step.state)}; there is nothing to reopen.")
    fresh = replace(
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
    again = moves.start_current(moves.with_step(moves.resume(run), fresh), now)
    return RunChange(again, (moves.log_entry(run, now, actor, "reopened", "reopened", step),))


def roll_back(run: PlaybookRun, key: str, actor: str, now: datetime, reason: str = "") -> RunChange:
    """Somebody undid a step by hand. It is its turn again: to be done anew, or skipped."""
    step = run.step(key)
    if step.state is StepStatus.RUNNING:
        raise Refused(f"Step {key} is running. Wait until it is over, then roll it back.")
    if step.state is StepStatus.ROLLED_BACK:
        raise Overtaken("rolled back", step)
    if run.outcome == "abandoned":
        raise Refused(f"{run.name} was stopped. Open it again to go on.", f"playbook {run.playbook}")
    again = moves.resume(
        moves.withdraw_approval(run, step, f"not needed any more: {user_mention(actor)} rolled the step back")
    )
    return moves.change_status(again, run.step(key), StepStatus.ROLLED_BACK, actor, now, reason.strip(), "rolled_back")
