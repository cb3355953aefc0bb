"""What people do to a step: done, skipped, noted, given to somebody, reopened, rolled back."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from bot.domain.errors import Refused
from bot.domain.playbook import transitions as moves
from bot.domain.playbook.run import Change, Note, Overtaken, State, Walk, in_words


def done(walk: Walk, key: str, actor: str, now: datetime) -> Change:
    mark = moves.free(walk, key)
    if not mark.approved:
        raise Refused(f"Step {key} needs somebody's approval first. Press Ask for approval.")
    return moves.settle(walk, mark, State.DONE, actor, now, "", "done")


def skip(walk: Walk, key: str, actor: str, now: datetime, reason: str) -> Change:
    mark = moves.free(walk, key, waiting=True)
    if not reason.strip():
        raise Refused("Say why the step is skipped, such as “We have no replica”.")
    without = moves.withdrawn(walk, mark, f"not needed any more: <@{actor}> skipped the step, {reason.strip()}")
    return moves.settle(without, walk.mark(key), State.SKIPPED, actor, now, reason.strip(), "skipped")


def note(walk: Walk, key: str | None, actor: str, now: datetime, text: str) -> Change:
    """About one step, or about the walk as a whole; also after its end."""
    text = text.strip()
    if not text:
        raise Refused("A note needs words.", "note Deploy 4512 went out at 02:47")
    if key is None:
        return Change(walk, (moves.said(walk, now, actor, "note", text),))
    mark = walk.mark(key)
    kept = replace(mark, notes=(*mark.notes, Note(actor, now, text)))
    return Change(moves.put(walk, kept), (moves.said(walk, now, actor, "note", text, mark),))


def assign(walk: Walk, key: str, user: str | None, actor: str, now: datetime) -> Change:
    """Whoever holds a step is asked when it takes too long. A new holder is given the whole time."""
    mark = moves.free(walk, key, waiting=True, running=True)
    if mark.holder == user:
        return Change(walk)
    held = replace(mark, holder=user)
    if user is not None:
        held = replace(moves.anew(held, now), started_at=now if held.started_at else None)
    text = f"assigned to <@{user}>" if user else "assigned to nobody"
    return Change(moves.put(walk, held), (moves.said(walk, now, actor, "assigned", text, mark, user=user),))


def reopen(walk: Walk, key: str, actor: str, now: datetime) -> Change:
    """It is not done after all: it is its turn again. A walk that had ended goes on."""
    mark = walk.mark(key)
    if not mark.settled and mark.state is not State.ROLLED_BACK:
        raise Refused(f"Step {key} is {in_words(mark.state)}; there is nothing to reopen.")
    fresh = replace(
        mark,
        state=State.OPEN,
        by=actor,
        at=now,
        reason="",
        started_at=None,
        nudged=0,
        reminders=(),
        asked=None,
        job=None,
    )
    again = moves.turned(moves.put(moves.resumed(walk), fresh), now)
    return Change(again, (moves.said(walk, now, actor, "reopened", "reopened", mark),))


def roll_back(walk: Walk, key: str, actor: str, now: datetime, reason: str = "") -> Change:
    """Somebody undid a step by hand. It is its turn again: to be done anew, or skipped."""
    mark = walk.mark(key)
    if mark.state is State.RUNNING:
        raise Refused(f"Step {key} is running. Wait until it is over, then roll it back.")
    if mark.state is State.ROLLED_BACK:
        raise Overtaken("rolled back", mark)
    if walk.outcome == "abandoned":
        raise Refused(f"{walk.name} was stopped. Open it again to go on.", f"playbook {walk.playbook}")
    again = moves.resumed(moves.withdrawn(walk, mark, f"not needed any more: <@{actor}> rolled the step back"))
    return moves.moved(again, walk.mark(key), State.ROLLED_BACK, actor, now, reason.strip(), "rolled_back")
