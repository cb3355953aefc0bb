"""What came of a step that a runner took: it runs, it ended, or nobody knows how far it came."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from bot.domain.errors import Refused
from bot.domain.playbook import transitions as moves
from bot.domain.playbook.run import TROUBLED, Overtaken, PlaybookRun, RunChange, StepStatus, in_words
from bot.domain.timeline.entry import BOT


def started(walk: PlaybookRun, key: str, job: str, by: str, now: datetime, action: str = "run") -> RunChange:
    """A job took the step. Raises `Overtaken` where one runs already or it is settled (a rollback may follow that)."""
    mark = walk.mark(key)
    if mark.state is StepStatus.RUNNING or (mark.settled and action == "run"):
        raise Overtaken(in_words(mark.state), mark)
    # What the bot takes back by itself was settled, shown and approved with the run that it takes back.
    by_itself = by == BOT and action == "rollback"
    if not by_itself:
        if mark.state is StepStatus.WAITING:
            raise Refused(f"Step {key} waits for approval, which <@{moves.asker(mark)}> asked for.")
        if mark.needs_approval and mark.state is not StepStatus.APPROVED:
            raise Refused(f"Step {key} needs somebody's approval first.")
        moves.must_go(walk)
    walk = (
        moves.withdrawn(walk, mark, "not needed any more: the step is rolled back")
        if mark.state is StepStatus.WAITING
        else walk
    )
    mark = walk.mark(key)
    if walk.outcome == "finished":
        walk = moves.resumed(walk)
    holder = mark.holder or (None if by == BOT else by)
    went_wrong = action == "rollback" and mark.state in (StepStatus.FAILED, StepStatus.TIMED_OUT)
    failed = mark.reason or str(mark.state).replace("_", " ") if went_wrong else ""
    running = replace(
        mark, state=StepStatus.RUNNING, by=by, at=now, reason="", failed=failed, job=job, action=action, holder=holder
    )
    words = "runs" if action == "run" else "is being rolled back"
    said = moves.log_entry(walk, now, by, "running", words, mark, job=job, action=action)
    return RunChange(moves.start_current(moves.put(walk, running), now), (said,))


def finished(walk: PlaybookRun, key: str, job: str, outcome: str, text: str, now: datetime) -> RunChange:
    """`outcome`: `succeeded`, `failed`, `timed_out`, `refused` or `cancelled`. Of a job that is not the step's any more
    nothing changes but the timeline.

    A rollback that succeeded leaves the step rolled back; one that did not leaves it failed.
    """
    mark = walk.mark(key)
    state = _after_run(mark.action, outcome)
    words = _ran(mark.action, outcome) + (f": {text}" if text else "")
    act = outcome if outcome in ("cancelled", "refused") else str(state)
    said = moves.log_entry(
        walk, now, BOT, act, words, mark, key=state in TROUBLED, job=job, action=mark.action, outcome=outcome
    )
    if mark.job != job or mark.state is not StepStatus.RUNNING:
        return RunChange(walk, (said,))
    asked = None if outcome != "succeeded" else mark.asked
    over = replace(moves.restart_timer(mark, now), state=state, at=now, reason=text, asked=asked)
    return moves.finished_if_all(moves.start_current(moves.put(walk, over), now), mark.by or BOT, now, (said,))


def may_have_run(walk: PlaybookRun, key: str, job: str, text: str, now: datetime) -> RunChange:
    """The process ended in the middle. It is never run again by itself: a person looks, and decides."""
    mark = walk.mark(key)
    if mark.job != job or mark.state is not StepStatus.RUNNING:
        return RunChange(walk)
    words = text or "was interrupted and may have run; look before you decide"
    said = moves.log_entry(walk, now, BOT, "may_have_run", words, mark, job=job, action=mark.action, key=True)
    over = replace(moves.restart_timer(mark, now), state=StepStatus.MAY_HAVE_RUN, at=now, reason=text, asked=None)
    return RunChange(moves.put(walk, over), (said,))


def after_all(walk: PlaybookRun, key: str, job: str, ran: bool, actor: str, now: datetime) -> RunChange:
    """Somebody looked, and says whether what may have run did. Nothing changes where the step has moved on since."""
    mark = walk.mark(key)
    if mark.job != job or mark.state is not StepStatus.MAY_HAVE_RUN:
        return RunChange(walk)
    back = mark.action == "rollback"
    state = {
        (True, True): StepStatus.ROLLED_BACK,
        (True, False): StepStatus.FAILED,
        (False, True): StepStatus.DONE,
    }.get((back, ran), StepStatus.OPEN)
    reason = f"{'the rollback' if back else 'it'} {'ran' if ran else 'did not run'}, says <@{actor}>"
    fresh = moves.restart_timer(mark, now)
    return moves.settle(moves.put(walk, fresh), fresh, state, actor, now, reason, "after_all")


def _after_run(action: str, outcome: str) -> StepStatus:
    if outcome in ("cancelled", "refused"):
        return StepStatus.OPEN
    if outcome == "succeeded":
        return StepStatus.SUCCEEDED if action == "run" else StepStatus.ROLLED_BACK
    return StepStatus.TIMED_OUT if outcome == "timed_out" else StepStatus.FAILED


def _ran(action: str, outcome: str) -> str:
    what = "run" if action == "run" else "rollback"
    return f"{what} {'timed out' if outcome == 'timed_out' else outcome}"
