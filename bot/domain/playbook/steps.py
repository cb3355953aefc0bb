"""What people do to a step: done, skipped, noted, given to somebody, reopened, rolled back."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from bot.domain.errors import Refused
from bot.domain.playbook import transitions as moves
from bot.domain.playbook.run import Note, Overtaken, PlaybookRun, RunChange, StepStatus, in_words


def done(walk: PlaybookRun, key: str, actor: str, now: datetime) -> RunChange:
    mark = moves.free(walk, key)
    if not mark.approved:
        raise Refused(f"Step {key} needs somebody's approval first. Press Ask for approval.")
    return moves.settle(walk, mark, StepStatus.DONE, actor, now, "", "done")


def skip(walk: PlaybookRun, key: str, actor: str, now: datetime, reason: str) -> RunChange:
    mark = moves.free(walk, key, waiting=True)
    if not reason.strip():
        raise Refused("Say why the step is skipped, such as “We have no replica”.")
    without = moves.withdrawn(walk, mark, f"not needed any more: <@{actor}> skipped the step, {reason.strip()}")
    return moves.settle(without, walk.mark(key), StepStatus.SKIPPED, actor, now, reason.strip(), "skipped")


def note(walk: PlaybookRun, key: str | None, actor: str, now: datetime, text: str) -> RunChange:
    """About one step, or about the walk as a whole; also after its end."""
    text = text.strip()
    if not text:
        raise Refused("A note needs words.", "note Deploy 4512 went out at 02:47")
    if key is None:
        return RunChange(walk, (moves.log_entry(walk, now, actor, "note", text),))
    mark = walk.mark(key)
    kept = replace(mark, notes=(*mark.notes, Note(actor, now, text)))
    return RunChange(moves.put(walk, kept), (moves.log_entry(walk, now, actor, "note", text, mark),))


def assign(walk: PlaybookRun, key: str, user: str | None, actor: str, now: datetime) -> RunChange:
    """Whoever holds a step is asked when it takes too long. A new holder is given the whole time."""
    mark = moves.free(walk, key, waiting=True, running=True)
    if mark.holder == user:
        return RunChange(walk)
    held = replace(mark, holder=user)
    if user is not None:
        held = replace(moves.restart_timer(held, now), started_at=now if held.started_at else None)
    text = f"assigned to <@{user}>" if user else "assigned to nobody"
    return RunChange(moves.put(walk, held), (moves.log_entry(walk, now, actor, "assigned", text, mark, user=user),))


def reopen(walk: PlaybookRun, key: str, actor: str, now: datetime) -> RunChange:
    """It is not done after all: it is its turn again. A walk that had ended goes on."""
    mark = walk.mark(key)
    if not mark.settled and mark.state is not StepStatus.ROLLED_BACK:
        raise Refused(f"Step {key} is {in_words(mark.state)}; there is nothing to reopen.")
    fresh = replace(
        mark,
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
    again = moves.start_current(moves.put(moves.resumed(walk), fresh), now)
    return RunChange(again, (moves.log_entry(walk, now, actor, "reopened", "reopened", mark),))


def roll_back(walk: PlaybookRun, key: str, actor: str, now: datetime, reason: str = "") -> RunChange:
    """Somebody undid a step by hand. It is its turn again: to be done anew, or skipped."""
    mark = walk.mark(key)
    if mark.state is StepStatus.RUNNING:
        raise Refused(f"Step {key} is running. Wait until it is over, then roll it back.")
    if mark.state is StepStatus.ROLLED_BACK:
        raise Overtaken("rolled back", mark)
    if walk.outcome == "abandoned":
        raise Refused(f"{walk.name} was stopped. Open it again to go on.", f"playbook {walk.playbook}")
    again = moves.resumed(moves.withdrawn(walk, mark, f"not needed any more: <@{actor}> rolled the step back"))
    return moves.moved(again, walk.mark(key), StepStatus.ROLLED_BACK, actor, now, reason.strip(), "rolled_back")
