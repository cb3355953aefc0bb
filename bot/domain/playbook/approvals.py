"""Computes how a playbook run changes when approval of a step is requested, granted, refused or expires.

A person may also break the glass: go ahead without approval, with a reason.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from bot.domain.errors import Refused
from bot.domain.playbook.run import (
    GRANTED,
    SETTLED,
    Approval,
    ApprovalStatus,
    PlaybookRun,
    RunChange,
    StepAlreadySettled,
    StepState,
    StepStatus,
)
from bot.domain.playbook.transitions import (
    actionable_step,
    finish_if_complete,
    log_entry,
    require_active,
    require_undoable,
    restart_timer,
    resume,
    start_current,
    with_step,
)
from bot.domain.timeline.entry import BOT
from bot.domain.values.slack_ids import user_mention


def request(  # noqa: PLR0913, PLR0917 - eight values, all of one request
    run: PlaybookRun,
    key: str,
    action: str,
    shown: Sequence[str],
    actor: str,
    expires: timedelta,
    now: datetime,
    people: Sequence[str] = (),
) -> RunChange:
    """Request approval of exactly `shown`, which expires after `expires`.

    `action` is `do`, `run` or `rollback`; `people` get the request as a direct message.
    """
    step = run.step(key)
    if action == "do" and not step.needs_approval:
        raise Refused(f"Step {key} needs no approval. Do it, then press Done.")
    if step.state is StepStatus.WAITING:
        raise StepAlreadySettled("asked for approval", step)
    if action != "rollback":
        step = actionable_step(run, key)
        if step.state is StepStatus.APPROVED:
            raise StepAlreadySettled("approved", step)
    elif step.state is StepStatus.RUNNING:
        raise Refused(f"Step {key} is running. Wait until it has ended.")
    elif run.outcome == "abandoned":
        require_active(run)
    else:
        require_undoable(step)
    number = run.approvals_asked + 1
    was = step.asked.was if step.asked is not None and step.state is StepStatus.APPROVED else step.state
    approval = Approval(number, action, actor, now, now + expires, tuple(shown), people=tuple(people), was=was)
    holder = step.holder or (None if actor == BOT else actor)
    waiting = replace(step, state=StepStatus.WAITING, asked=approval, holder=holder)
    if not step.settled:
        waiting = replace(waiting, by=actor, at=now)
    else:  # a rollback: if it is refused, the step keeps who did it and when
        run = resume(run)
    logged = log_entry(
        run, now, actor, "asked", _request_text(action), step, action=action, shown=list(shown), approval=number
    )
    changed = with_step(replace(run, approvals_asked=number), waiting)
    return RunChange(start_current(changed, now), (logged,))


def approve(run: PlaybookRun, key: str, number: int, actor: str, now: datetime) -> RunChange:
    """Grant a request. Raises `Refused` for the person who made it."""
    step, approval = _pending(run, key, number)
    if approval.by == actor:
        raise Refused("You asked for this approval, so somebody else has to give it.")
    text = f"approved what {user_mention(approval.by)} asked for"
    return _answer(run, step, ApprovalStatus.APPROVED, actor, now, "", text)


def refuse(run: PlaybookRun, key: str, number: int, actor: str, now: datetime, reason: str = "") -> RunChange:
    """Refuse a request. For the person who made it this withdraws the request."""
    step, approval = _pending(run, key, number)
    text = "withdrew the request" if approval.by == actor else f"refused what {user_mention(approval.by)} asked for"
    return _answer(run, step, ApprovalStatus.REFUSED, actor, now, reason.strip(), text)


def break_glass(run: PlaybookRun, key: str, number: int, actor: str, now: datetime, reason: str) -> RunChange:
    """Proceed without approval, with a reason that everyone sees."""
    step, _ = _pending(run, key, number)
    if not reason.strip():
        raise Refused("Say why it cannot wait, such as “Nobody else is awake and customers cannot pay”.")
    text = "BROKE THE GLASS: nobody else approved this"
    return _answer(run, step, ApprovalStatus.BREAK_GLASS, actor, now, reason.strip(), text)


def expire(run: PlaybookRun, key: str, number: int, now: datetime) -> RunChange:
    """End a request that nobody answered."""
    step, approval = _pending(run, key, number)
    text = f"nobody answered {user_mention(approval.by)} in time"
    return _answer(run, step, ApprovalStatus.EXPIRED, BOT, now, "", text)


def answer_text(approval: Approval) -> str:
    """The outcome of a request, as text with mentions."""
    person = f"{user_mention(approval.answered_by)}" if approval.answered_by else "somebody"
    because = f": {approval.reason}" if approval.reason else ""
    match approval.answer:
        case ApprovalStatus.APPROVED:
            return f"approved by {person}"
        case ApprovalStatus.BREAK_GLASS:
            return f"{person} broke the glass{because}"
        case ApprovalStatus.REFUSED:
            return (
                f"withdrawn by {person}" if approval.answered_by == approval.by else f"refused by {person}"
            ) + because
        case ApprovalStatus.EXPIRED:
            return "expired: nobody answered in time"
        case ApprovalStatus.WITHDRAWN:
            return approval.reason or "no longer needed"
    return "waiting"


def _pending(run: PlaybookRun, key: str, number: int) -> tuple[StepState, Approval]:
    step = run.step(key)
    if step.asked is None or step.asked.number != number:
        raise Refused("That request has ended: it was withdrawn, or replaced by a newer one.")
    if step.asked.answer is not ApprovalStatus.WAITING or step.state is not StepStatus.WAITING:
        raise StepAlreadySettled("answered", step)
    require_active(run)
    return step, step.asked


def _answer(
    run: PlaybookRun,
    step: StepState,
    answer: ApprovalStatus,
    actor: str,
    now: datetime,
    reason: str,
    text: str,
) -> RunChange:
    """Close the step's pending request with an answer, and log `text`."""
    assert step.asked is not None  # noqa: S101 - it is pending
    approval = step.asked
    closed_approval = replace(approval, answer=answer, answered_by=actor, answered_at=now, reason=reason)
    if answer in GRANTED or approval.was not in SETTLED:
        state = StepStatus.APPROVED if answer in GRANTED else approval.was
        changed = replace(restart_timer(step, now), state=state, by=actor, at=now, asked=closed_approval)
    else:
        changed = replace(step, state=approval.was, asked=closed_approval)
    logged = log_entry(
        run, now, actor, str(answer), text + (f": {reason}" if reason else ""), step,
        key=True, action=approval.action, shown=list(approval.shown), approval=approval.number, asked_by=approval.by,
    )  # fmt: skip
    return finish_if_complete(with_step(run, changed), actor, now, (logged,))


def _request_text(action: str) -> str:
    return {"run": "asks for approval to run it", "rollback": "asks for approval to roll it back"}.get(
        action, "asks for approval"
    )
