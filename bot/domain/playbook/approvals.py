"""Approval of a step: asked for, given, refused, expired, or done without."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from bot.domain.errors import Refused
from bot.domain.playbook import transitions as moves
from bot.domain.playbook.run import (
    GRANTED,
    SETTLED,
    Approval,
    ApprovalStatus,
    Overtaken,
    PlaybookRun,
    RunChange,
    StepState,
    StepStatus,
)
from bot.domain.timeline.entry import BOT
from bot.domain.values.slack_ids import user_mention


def request(
    run: PlaybookRun,
    key: str,
    action: str,
    shown: Sequence[str],
    actor: str,
    expires: timedelta,
    now: datetime,
    people: Sequence[str] = (),
) -> RunChange:
    """Ask for approval of exactly `shown`."""
    step = run.step(key)
    if action == "do" and not step.needs_approval:
        raise Refused(f"Step {key} needs no approval. Do it, then press Done.")
    if step.state is StepStatus.WAITING:
        raise Overtaken("asked for approval", step)
    if action != "rollback":
        step = moves.actionable_step(run, key)
        if step.state is StepStatus.APPROVED:
            raise Overtaken("approved", step)
    elif step.state is StepStatus.RUNNING:
        raise Refused(f"Step {key} is running. Wait until it is over.")
    elif run.outcome == "abandoned":
        moves.require_active(run)
    number = run.approvals_asked + 1
    was = StepStatus.OPEN if step.state is StepStatus.APPROVED else step.state
    asked = Approval(number, action, actor, now, now + expires, tuple(shown), people=tuple(people), was=was)
    holder = step.holder or (None if actor == BOT else actor)
    waiting = replace(step, state=StepStatus.WAITING, asked=asked, holder=holder)
    if not step.settled:
        waiting = replace(waiting, by=actor, at=now)
    else:  # it is to be taken back: whoever did it still did it, if that is refused
        run = moves.resume(run)
    said = moves.log_entry(
        run, now, actor, "asked", _request_text(action), step, action=action, shown=list(shown), approval=number
    )
    return RunChange(moves.start_current(moves.with_step(replace(run, approvals_asked=number), waiting), now), (said,))


def approve(run: PlaybookRun, key: str, number: int, actor: str, now: datetime) -> RunChange:
    """By somebody other than whoever asked."""
    step, asked = _pending(run, key, number)
    if asked.by == actor:
        raise Refused("You asked for it, so somebody else has to approve it.")
    return _answer(
        run, step, asked, ApprovalStatus.APPROVED, actor, now, "", f"approved what {user_mention(asked.by)} asked for"
    )


def refuse(run: PlaybookRun, key: str, number: int, actor: str, now: datetime, reason: str = "") -> RunChange:
    """Whoever asked may take it back in the same way."""
    step, asked = _pending(run, key, number)
    text = "took the request back" if asked.by == actor else f"refused what {user_mention(asked.by)} asked for"
    return _answer(run, step, asked, ApprovalStatus.REFUSED, actor, now, reason.strip(), text)


def break_glass(run: PlaybookRun, key: str, number: int, actor: str, now: datetime, reason: str) -> RunChange:
    """Nobody else is there: go on without approval, with a reason, for everybody to see."""
    step, asked = _pending(run, key, number)
    if not reason.strip():
        raise Refused("Say why it cannot wait, such as “Nobody else is awake and customers cannot pay”.")
    text = "BROKE THE GLASS: nobody else approved this"
    return _answer(run, step, asked, ApprovalStatus.BREAK_GLASS, actor, now, reason.strip(), text)


def expire(run: PlaybookRun, key: str, number: int, now: datetime) -> RunChange:
    step, asked = _pending(run, key, number)
    return _answer(
        run, step, asked, ApprovalStatus.EXPIRED, BOT, now, "", f"nobody answered {user_mention(asked.by)} in time"
    )


def answer_text(approval: Approval) -> str:
    """How a request ended, as house text."""
    who = user_mention(approval.answered_by) if approval.answered_by else "somebody"
    because = f": {approval.reason}" if approval.reason else ""
    match approval.answer:
        case ApprovalStatus.APPROVED:
            return f"approved by {who}"
        case ApprovalStatus.BREAK_GLASS:
            return f"{who} broke the glass{because}"
        case ApprovalStatus.REFUSED:
            return (f"taken back by {who}" if approval.answered_by == approval.by else f"refused by {who}") + because
        case ApprovalStatus.EXPIRED:
            return "expired: nobody answered in time"
        case ApprovalStatus.WITHDRAWN:
            return approval.reason or "not needed any more"
    return "waiting"


def _pending(run: PlaybookRun, key: str, number: int) -> tuple[StepState, Approval]:
    step = run.step(key)
    if step.asked is None or step.asked.number != number:
        raise Refused("That request is over: it was taken back, or another one followed.")
    if step.asked.answer is not ApprovalStatus.WAITING or step.state is not StepStatus.WAITING:
        raise Overtaken("answered", step)
    moves.require_active(run)
    return step, step.asked


def _answer(
    run: PlaybookRun,
    step: StepState,
    asked: Approval,
    answer: ApprovalStatus,
    actor: str,
    now: datetime,
    reason: str,
    text: str,
) -> RunChange:
    settled = replace(asked, answer=answer, answered_by=actor, answered_at=now, reason=reason)
    if answer in GRANTED or asked.was not in SETTLED:
        state = StepStatus.APPROVED if answer in GRANTED else asked.was
        kept = replace(moves.restart_timer(step, now), state=state, by=actor, at=now, asked=settled)
    else:
        kept = replace(step, state=asked.was, asked=settled)
    said = moves.log_entry(
        run, now, actor, str(answer), text + (f": {reason}" if reason else ""), step,
        key=True, action=asked.action, shown=list(asked.shown), approval=asked.number, asked_by=asked.by,
    )  # fmt: skip
    return moves.finish_if_complete(moves.with_step(run, kept), actor, now, (said,))


def _request_text(action: str) -> str:
    return {"run": "asks for approval to run it", "rollback": "asks for approval to roll it back"}.get(
        action, "asks for approval"
    )
