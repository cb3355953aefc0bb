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
    Answer,
    Approval,
    Overtaken,
    PlaybookRun,
    RunChange,
    StepState,
    StepStatus,
)
from bot.domain.timeline.entry import BOT


def ask(
    walk: PlaybookRun,
    key: str,
    action: str,
    shown: Sequence[str],
    actor: str,
    expires: timedelta,
    now: datetime,
    people: Sequence[str] = (),
) -> RunChange:
    """Ask for approval of exactly `shown`."""
    mark = walk.mark(key)
    if action == "do" and not mark.needs_approval:
        raise Refused(f"Step {key} needs no approval. Do it, then press Done.")
    if mark.state is StepStatus.WAITING:
        raise Overtaken("asked for approval", mark)
    if action != "rollback":
        mark = moves.free(walk, key)
        if mark.state is StepStatus.APPROVED:
            raise Overtaken("approved", mark)
    elif mark.state is StepStatus.RUNNING:
        raise Refused(f"Step {key} is running. Wait until it is over.")
    elif walk.outcome == "abandoned":
        moves.must_go(walk)
    number = walk.approvals_asked + 1
    was = StepStatus.OPEN if mark.state is StepStatus.APPROVED else mark.state
    asked = Approval(number, action, actor, now, now + expires, tuple(shown), people=tuple(people), was=was)
    holder = mark.holder or (None if actor == BOT else actor)
    waiting = replace(mark, state=StepStatus.WAITING, asked=asked, holder=holder)
    if not mark.settled:
        waiting = replace(waiting, by=actor, at=now)
    else:  # it is to be taken back: whoever did it still did it, if that is refused
        walk = moves.resumed(walk)
    said = moves.log_entry(
        walk, now, actor, "asked", _wanted(action), mark, action=action, shown=list(shown), approval=number
    )
    return RunChange(moves.start_current(moves.put(replace(walk, approvals_asked=number), waiting), now), (said,))


def approve(walk: PlaybookRun, key: str, number: int, actor: str, now: datetime) -> RunChange:
    """By somebody other than whoever asked."""
    mark, asked = _asked(walk, key, number)
    if asked.by == actor:
        raise Refused("You asked for it, so somebody else has to approve it.")
    return _answered(walk, mark, asked, Answer.APPROVED, actor, now, "", f"approved what <@{asked.by}> asked for")


def refuse(walk: PlaybookRun, key: str, number: int, actor: str, now: datetime, reason: str = "") -> RunChange:
    """Whoever asked may take it back in the same way."""
    mark, asked = _asked(walk, key, number)
    text = "took the request back" if asked.by == actor else f"refused what <@{asked.by}> asked for"
    return _answered(walk, mark, asked, Answer.REFUSED, actor, now, reason.strip(), text)


def break_glass(walk: PlaybookRun, key: str, number: int, actor: str, now: datetime, reason: str) -> RunChange:
    """Nobody else is there: go on without approval, with a reason, for everybody to see."""
    mark, asked = _asked(walk, key, number)
    if not reason.strip():
        raise Refused("Say why it cannot wait, such as “Nobody else is awake and customers cannot pay”.")
    text = "BROKE THE GLASS: nobody else approved this"
    return _answered(walk, mark, asked, Answer.BROKEN, actor, now, reason.strip(), text)


def expire(walk: PlaybookRun, key: str, number: int, now: datetime) -> RunChange:
    mark, asked = _asked(walk, key, number)
    return _answered(walk, mark, asked, Answer.EXPIRED, BOT, now, "", f"nobody answered <@{asked.by}> in time")


def answer_in_words(approval: Approval) -> str:
    """How a request ended, as house text."""
    who = f"<@{approval.answered_by}>" if approval.answered_by else "somebody"
    because = f": {approval.reason}" if approval.reason else ""
    match approval.answer:
        case Answer.APPROVED:
            return f"approved by {who}"
        case Answer.BROKEN:
            return f"{who} broke the glass{because}"
        case Answer.REFUSED:
            return (f"taken back by {who}" if approval.answered_by == approval.by else f"refused by {who}") + because
        case Answer.EXPIRED:
            return "expired: nobody answered in time"
        case Answer.WITHDRAWN:
            return approval.reason or "not needed any more"
    return "waiting"


def _asked(walk: PlaybookRun, key: str, number: int) -> tuple[StepState, Approval]:
    mark = walk.mark(key)
    if mark.asked is None or mark.asked.number != number:
        raise Refused("That request is over: it was taken back, or another one followed.")
    if mark.asked.answer is not Answer.WAITING or mark.state is not StepStatus.WAITING:
        raise Overtaken("answered", mark)
    moves.must_go(walk)
    return mark, mark.asked


def _answered(
    walk: PlaybookRun,
    mark: StepState,
    asked: Approval,
    answer: Answer,
    actor: str,
    now: datetime,
    reason: str,
    text: str,
) -> RunChange:
    settled = replace(asked, answer=answer, answered_by=actor, answered_at=now, reason=reason)
    if answer in GRANTED or asked.was not in SETTLED:
        state = StepStatus.APPROVED if answer in GRANTED else asked.was
        kept = replace(moves.restart_timer(mark, now), state=state, by=actor, at=now, asked=settled)
    else:
        kept = replace(mark, state=asked.was, asked=settled)
    said = moves.log_entry(
        walk, now, actor, str(answer), text + (f": {reason}" if reason else ""), mark,
        key=True, action=asked.action, shown=list(asked.shown), approval=asked.number, asked_by=asked.by,
    )  # fmt: skip
    return moves.finished_if_all(moves.put(walk, kept), actor, now, (said,))


def _wanted(action: str) -> str:
    return {"run": "asks for approval to run it", "rollback": "asks for approval to roll it back"}.get(
        action, "asks for approval"
    )
