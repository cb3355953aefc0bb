"""What is told of a walk, and where: the names of its notices are built here, as those of the rest in `routing`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from bot.domain.incident import Incident
from bot.domain.notices import IfNeedFails, Notice, Priority
from bot.domain.routing import channel_of
from bot.domain.walk import Answer, Approval, Mark, Walk, standing_approvals


def walk_of(incident: int, number: int) -> str:
    """The one message of a walk; its thread holds reminders and what runners printed."""
    return f"walk:{incident}:{number}"


def opened(walk: Walk) -> Notice:
    return Notice(
        walk_of(walk.incident, walk.number), "walk", walk.incident, {"walk": walk.number},
        needs=channel_of(walk.incident), if_need_fails=IfNeedFails.DIRECT, priority=Priority.CARD,
    )  # fmt: skip


def edited(incident: int, number: int) -> Notice:
    """Several edits become the newest."""
    return Notice(
        f"walk_edit:{incident}:{number}", "walk_edit", incident, {"walk": number},
        needs=walk_of(incident, number), priority=Priority.EDIT, again=True,
    )  # fmt: skip


def asked(incident: Incident, walk: Walk, mark: Mark, approval: Approval, approvers: Iterable[str]) -> list[Notice]:
    """In the channel, and to each approver directly. A drill bothers nobody directly."""
    n = incident.number
    base, about = _approval(walk, approval), _about(walk, mark, approval)
    found = [
        Notice(
            f"{base}:channel", "approval", n, about,
            needs=channel_of(n), if_need_fails=IfNeedFails.DIRECT, priority=Priority.CARD,
        )
    ]  # fmt: skip
    people = [] if incident.drill else [person for person in approvers if person != approval.by]
    found += [
        Notice(f"{base}:dm:{person}", "approval", n, {**about, "person": person}, priority=Priority.CARD)
        for person in dict.fromkeys(people)
    ]
    return found


def settled(before: Walk | None, after: Walk, approvers: Iterable[str]) -> list[Notice]:
    """Requests that ask nothing any more lose their buttons."""
    if before is None:
        return []
    left = {approval.number for _, approval in standing_approvals(after)}
    found = []
    for mark, approval in standing_approvals(before):
        if approval.number not in left:
            found += over(after, mark.key, approval, approvers)
    return found


def over(walk: Walk, key: str, approval: Approval, approvers: Iterable[str]) -> list[Notice]:
    base, about = _approval(walk, approval), {"walk": walk.number, "step": key, "approval": approval.number}
    onces = [f"{base}:channel", *(f"{base}:dm:{person}" for person in dict.fromkeys(approvers))]
    return [
        Notice(
            f"settle:{once}", "approval_edit", walk.incident, {**about, "of": once}, needs=once, priority=Priority.EDIT
        )
        for once in onces
    ]


def broken_glass(walk: Walk, mark: Mark) -> Notice:
    """Loudly: a message of its own in the channel."""
    assert mark.asked is not None  # noqa: S101 - there was a request
    return Notice(
        f"{_approval(walk, mark.asked)}:broken", "glass", walk.incident, _about(walk, mark, mark.asked),
        needs=channel_of(walk.incident), if_need_fails=IfNeedFails.DIRECT, priority=Priority.CARD,
    )  # fmt: skip


def step_late(walk: Walk, mark: Mark, person: str, deadline: str, late_s: float | None) -> Notice:
    """In the thread of the walk, to one person."""
    about = {
        "walk": walk.number, "step": mark.key, "turn": mark.turns, "nudged": mark.nudged, "person": person,
        "late_s": late_s,
    }  # fmt: skip
    return Notice(
        f"nudge:{deadline}", "step_late", walk.incident, about,
        needs=walk_of(walk.incident, walk.number), if_need_fails=IfNeedFails.DIRECT, priority=Priority.NUDGE,
        deadline=deadline,
    )  # fmt: skip


def step_settled(walk: Walk, deadline: str, outcome: str) -> Notice:
    once = f"nudge:{deadline}"
    return Notice(
        f"settle:{once}", "step_late_edit", walk.incident, {"of": once, "outcome": outcome},
        needs=once, priority=Priority.EDIT,
    )  # fmt: skip


def owner_told(once: str, contact: str, person: str, about: dict[str, Any]) -> Notice:
    """To the owner of a playbook, about nobody's incident."""
    return Notice(
        f"playbook:{once}:{contact}", "playbook_review", None, {**about, "person": person}, priority=Priority.NEWS
    )


def _approval(walk: Walk, approval: Approval) -> str:
    return f"approval:{walk.incident}:{walk.number}:{approval.number}"


def _about(walk: Walk, mark: Mark, approval: Approval) -> dict[str, Any]:
    return {"walk": walk.number, "step": mark.key, "approval": approval.number}


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
            return "not needed any more: what was asked for has changed"
    return "waiting"
