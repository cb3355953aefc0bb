"""What came of a step that a runner took: it runs, it ended, or nobody knows how far it came."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from bot.domain.errors import Refused
from bot.domain.playbook import transitions as moves
from bot.domain.playbook.run import TROUBLED, Change, Overtaken, State, Walk, in_words
from bot.domain.timeline.entry import BOT


def started(walk: Walk, key: str, job: str, by: str, now: datetime, action: str = "run") -> Change:
    """A job took the step. Raises `Overtaken` where one runs already or it is settled (a rollback may follow that)."""
    mark = walk.mark(key)
    if mark.state is State.RUNNING or (mark.settled and action == "run"):
        raise Overtaken(in_words(mark.state), mark)
    # What the bot takes back by itself was settled, shown and approved with the run that it takes back.
    by_itself = by == BOT and action == "rollback"
    if not by_itself:
        if mark.state is State.WAITING:
            raise Refused(f"Step {key} waits for approval, which <@{moves.asker(mark)}> asked for.")
        if mark.needs_approval and mark.state is not State.APPROVED:
            raise Refused(f"Step {key} needs somebody's approval first.")
        moves.must_go(walk)
    walk = (
        moves.withdrawn(walk, mark, "not needed any more: the step is rolled back")
        if mark.state is State.WAITING
        else walk
    )
    mark = walk.mark(key)
    if walk.outcome == "finished":
        walk = moves.resumed(walk)
    holder = mark.holder or (None if by == BOT else by)
    went_wrong = action == "rollback" and mark.state in (State.FAILED, State.TIMED_OUT)
    failed = mark.reason or str(mark.state).replace("_", " ") if went_wrong else ""
    running = replace(
        mark, state=State.RUNNING, by=by, at=now, reason="", failed=failed, job=job, action=action, holder=holder
    )
    words = "runs" if action == "run" else "is being rolled back"
    said = moves.said(walk, now, by, "running", words, mark, job=job, action=action)
    return Change(moves.turned(moves.put(walk, running), now), (said,))


def finished(walk: Walk, key: str, job: str, outcome: str, text: str, now: datetime) -> Change:
    """`outcome`: `succeeded`, `failed`, `timed_out`, `refused` or `cancelled`. Of a job that is not the step's any more
    nothing changes but the timeline.

    A rollback that succeeded leaves the step rolled back; one that did not leaves it failed.
    """
    mark = walk.mark(key)
    state = _after_run(mark.action, outcome)
    words = _ran(mark.action, outcome) + (f": {text}" if text else "")
    act = outcome if outcome in ("cancelled", "refused") else str(state)
    said = moves.said(
        walk, now, BOT, act, words, mark, key=state in TROUBLED, job=job, action=mark.action, outcome=outcome
    )
    if mark.job != job or mark.state is not State.RUNNING:
        return Change(walk, (said,))
    asked = None if outcome != "succeeded" else mark.asked
    over = replace(moves.anew(mark, now), state=state, at=now, reason=text, asked=asked)
    return moves.finished_if_all(moves.turned(moves.put(walk, over), now), mark.by or BOT, now, (said,))


def may_have_run(walk: Walk, key: str, job: str, text: str, now: datetime) -> Change:
    """The process ended in the middle. It is never run again by itself: a person looks, and decides."""
    mark = walk.mark(key)
    if mark.job != job or mark.state is not State.RUNNING:
        return Change(walk)
    words = text or "was interrupted and may have run; look before you decide"
    said = moves.said(walk, now, BOT, "may_have_run", words, mark, job=job, action=mark.action, key=True)
    over = replace(moves.anew(mark, now), state=State.MAY_HAVE_RUN, at=now, reason=text, asked=None)
    return Change(moves.put(walk, over), (said,))


def after_all(walk: Walk, key: str, job: str, ran: bool, actor: str, now: datetime) -> Change:
    """Somebody looked, and says whether what may have run did. Nothing changes where the step has moved on since."""
    mark = walk.mark(key)
    if mark.job != job or mark.state is not State.MAY_HAVE_RUN:
        return Change(walk)
    back = mark.action == "rollback"
    state = {(True, True): State.ROLLED_BACK, (True, False): State.FAILED, (False, True): State.DONE}.get(
        (back, ran), State.OPEN
    )
    reason = f"{'the rollback' if back else 'it'} {'ran' if ran else 'did not run'}, says <@{actor}>"
    fresh = moves.anew(mark, now)
    return moves.settle(moves.put(walk, fresh), fresh, state, actor, now, reason, "after_all")


def _after_run(action: str, outcome: str) -> State:
    if outcome in ("cancelled", "refused"):
        return State.OPEN
    if outcome == "succeeded":
        return State.SUCCEEDED if action == "run" else State.ROLLED_BACK
    return State.TIMED_OUT if outcome == "timed_out" else State.FAILED


def _ran(action: str, outcome: str) -> str:
    what = "run" if action == "run" else "rollback"
    return f"{what} {'timed out' if outcome == 'timed_out' else outcome}"
