"""What came of a step that a runner took: it runs, it ended, or nobody knows how far it came."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from bot.domain.errors import Refused
from bot.domain.playbook import transitions as moves
from bot.domain.playbook.run import UNSUCCESSFUL, Overtaken, PlaybookRun, RunChange, StepStatus, status_text
from bot.domain.timeline.entry import BOT
from bot.domain.values.slack_ids import user_mention


def started(run: PlaybookRun, key: str, job: str, by: str, now: datetime, action: str = "run") -> RunChange:
    """A job took the step. Raises `Overtaken` where one runs already or it is settled (a rollback may follow that)."""
    step = run.step(key)
    if step.state is StepStatus.RUNNING or (step.settled and action == "run"):
        raise Overtaken(status_text(step.state), step)
    # What the bot takes back by itself was settled, shown and approved with the run that it takes back.
    by_itself = by == BOT and action == "rollback"
    if not by_itself:
        if step.state is StepStatus.WAITING:
            raise Refused(f"Step {key} waits for approval, which {user_mention(moves.requester(step))} asked for.")
        if step.needs_approval and step.state is not StepStatus.APPROVED:
            raise Refused(f"Step {key} needs somebody's approval first.")
        moves.require_active(run)
    run = (
        moves.withdraw_approval(run, step, "not needed any more: the step is rolled back")
        if step.state is StepStatus.WAITING
        else run
    )
    step = run.step(key)
    if run.outcome == "finished":
        run = moves.resume(run)
    holder = step.holder or (None if by == BOT else by)
    went_wrong = action == "rollback" and step.state in (StepStatus.FAILED, StepStatus.TIMED_OUT)
    failed = step.reason or str(step.state).replace("_", " ") if went_wrong else ""
    running = replace(
        step, state=StepStatus.RUNNING, by=by, at=now, reason="", failed=failed, job=job, action=action, holder=holder
    )
    words = "runs" if action == "run" else "is being rolled back"
    said = moves.log_entry(run, now, by, "running", words, step, job=job, action=action)
    return RunChange(moves.start_current(moves.with_step(run, running), now), (said,))


def finished(run: PlaybookRun, key: str, job: str, outcome: str, text: str, now: datetime) -> RunChange:
    """`outcome`: `succeeded`, `failed`, `timed_out`, `refused` or `cancelled`. Of a job that is not the step's any more
    nothing changes but the timeline.

    A rollback that succeeded leaves the step rolled back; one that did not leaves it failed.
    """
    step = run.step(key)
    state = _state_after(step.action, outcome)
    words = _outcome_text(step.action, outcome) + (f": {text}" if text else "")
    act = outcome if outcome in ("cancelled", "refused") else str(state)
    said = moves.log_entry(
        run, now, BOT, act, words, step, key=state in UNSUCCESSFUL, job=job, action=step.action, outcome=outcome
    )
    if step.job != job or step.state is not StepStatus.RUNNING:
        return RunChange(run, (said,))
    asked = None if outcome != "succeeded" else step.asked
    over = replace(moves.restart_timer(step, now), state=state, at=now, reason=text, asked=asked)
    return moves.finish_if_complete(moves.start_current(moves.with_step(run, over), now), step.by or BOT, now, (said,))


def may_have_run(run: PlaybookRun, key: str, job: str, text: str, now: datetime) -> RunChange:
    """The process ended in the middle. It is never run again by itself: a person looks, and decides."""
    step = run.step(key)
    if step.job != job or step.state is not StepStatus.RUNNING:
        return RunChange(run)
    words = text or "was interrupted and may have run; look before you decide"
    said = moves.log_entry(run, now, BOT, "may_have_run", words, step, job=job, action=step.action, key=True)
    over = replace(moves.restart_timer(step, now), state=StepStatus.MAY_HAVE_RUN, at=now, reason=text, asked=None)
    return RunChange(moves.with_step(run, over), (said,))


def settle_uncertain(run: PlaybookRun, key: str, job: str, ran: bool, actor: str, now: datetime) -> RunChange:
    """Somebody looked, and says whether what may have run did. Nothing changes where the step has moved on since."""
    step = run.step(key)
    if step.job != job or step.state is not StepStatus.MAY_HAVE_RUN:
        return RunChange(run)
    back = step.action == "rollback"
    state = {
        (True, True): StepStatus.ROLLED_BACK,
        (True, False): StepStatus.FAILED,
        (False, True): StepStatus.DONE,
    }.get((back, ran), StepStatus.OPEN)
    reason = f"{'the rollback' if back else 'it'} {'ran' if ran else 'did not run'}, says {user_mention(actor)}"
    fresh = moves.restart_timer(step, now)
    return moves.settle_step(moves.with_step(run, fresh), fresh, state, actor, now, reason, "after_all")


def _state_after(action: str, outcome: str) -> StepStatus:
    if outcome in ("cancelled", "refused"):
        return StepStatus.OPEN
    if outcome == "succeeded":
        return StepStatus.SUCCEEDED if action == "run" else StepStatus.ROLLED_BACK
    return StepStatus.TIMED_OUT if outcome == "timed_out" else StepStatus.FAILED


def _outcome_text(action: str, outcome: str) -> str:
    what = "run" if action == "run" else "rollback"
    return f"{what} {'timed out' if outcome == 'timed_out' else outcome}"
