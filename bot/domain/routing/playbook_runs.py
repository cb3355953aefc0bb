"""What is told of a playbook's walk, and where."""

from __future__ import annotations

from typing import Any

from bot.domain.incident import Incident
from bot.domain.playbook.run import Approval, Mark, State, Walk, in_words, standing_approvals
from bot.domain.routing.channel import channel_of
from bot.domain.routing.notice import IfNeedFails, Notice, Priority


def walk_of(incident: int, number: int) -> str:
    """The one message of a walk; its thread holds reminders and what runners printed."""
    return f"walk:{incident}:{number}"


def opened(walk: Walk) -> Notice:
    return Notice(
        walk_of(walk.incident, walk.number), "walk", walk.incident, {"walk": walk.number},
        needs=channel_of(walk.incident), if_need_fails=IfNeedFails.DIRECT, priority=Priority.CARD,
    )  # fmt: skip


def walk_edit(incident: int, number: int) -> Notice:
    """Several edits become the newest. It is what whoever pressed a button waits for."""
    return Notice(
        f"walk_edit:{incident}:{number}", "walk_edit", incident, {"walk": number},
        needs=walk_of(incident, number), priority=Priority.ANSWER, again=True,
    )  # fmt: skip


def walks_told(before: Incident, after: Incident) -> list[Notice]:
    """Whether the incident goes on shows in the messages of its playbooks: what is asked, and until when."""
    if after.open == before.open:
        return []
    return [walk_edit(after.number, walking.number) for walking in after.walks if walking.outcome is None]


def asked(walk: Walk, approval: Approval) -> list[Notice]:
    """In the channel, and to each approver directly."""
    about = _about(walk, approval)
    in_channel, *directly = asking_of(walk, approval)
    found = [
        Notice(
            in_channel, "approval", walk.incident, about,
            needs=channel_of(walk.incident), if_need_fails=IfNeedFails.DIRECT, priority=Priority.CARD,
        )
    ]  # fmt: skip
    return found + [
        Notice(once, "approval", walk.incident, {**about, "person": person}, priority=Priority.CARD)
        for once, person in zip(directly, approval.people, strict=True)
    ]


def asking(walk: Walk) -> tuple[str, ...]:
    """Every message that still asks somebody."""
    return tuple(once for _, approval in standing_approvals(walk) for once in asking_of(walk, approval))


def asking_of(walk: Walk, approval: Approval) -> tuple[str, ...]:
    base = _approval(walk, approval)
    return (f"{base}:channel", *(f"{base}:dm:{person}" for person in approval.people))


def settled(before: Walk, after: Walk) -> list[Notice]:
    """Requests that ask nothing any more lose their buttons."""
    left = {approval.number for _, approval in standing_approvals(after)}
    return [
        request_over(once, after.incident)
        for _, approval in standing_approvals(before)
        if approval.number not in left
        for once in asking_of(after, approval)
    ]


def requests_told(before: Incident, after: Incident) -> list[Notice]:
    """Requests for approval rest while the incident is over: they lose their buttons, and have them again."""
    if after.open == before.open:
        return []
    return [request_over(once, after.number) for walking in after.walks for once in walking.asking]


def request_over(once: str, number: int) -> Notice:
    """`once` is `approval:42:1:3:channel`: of incident 42, walk 1, request 3."""
    _, _, walk, request, *_ = once.split(":")
    about = {"of": once, "walk": int(walk), "approval": int(request)}
    return Notice(f"settle:{once}", "approval_edit", number, about, needs=once, priority=Priority.EDIT, again=True)


def broken_glass(walk: Walk, mark: Mark) -> Notice:
    """Loudly: a message of its own in the channel."""
    assert mark.asked is not None  # noqa: S101 - there was a request
    return Notice(
        f"{_approval(walk, mark.asked)}:broken", "glass", walk.incident, _about(walk, mark.asked),
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


def reminders_settled(before: Walk, after: Walk) -> list[Notice]:
    """Reminders of steps that are settled, handed on or overtaken by another are edited to say so."""
    found = []
    for old, new in zip(before.steps, after.steps, strict=True):
        for deadline in old.reminders:
            if deadline not in new.reminders:
                found.append(_reminder_settled(after, deadline, new))
    return found


def _reminder_settled(walk: Walk, deadline: str, mark: Mark) -> Notice:
    once = f"nudge:{deadline}"
    if mark.reminders:
        outcome = "superseded"
    elif mark.settled or mark.state is State.ROLLED_BACK:
        outcome = f"{mark.key} {mark.title}: {in_words(mark.state)}" + (f" by <@{mark.by}>" if mark.by else "")
    else:
        outcome = f"{mark.key} {mark.title}: somebody saw to it."
    return Notice(
        f"settle:{once}", "nudge_edit", walk.incident, {"of": once, "outcome": outcome},
        needs=once, priority=Priority.EDIT,
    )  # fmt: skip


def owner_told(once: str, contact: str, person: str, about: dict[str, Any]) -> Notice:
    """To the owner of a playbook, about nobody's incident."""
    return Notice(
        f"playbook:{once}:{contact}", "playbook_review", None, {**about, "person": person}, priority=Priority.NEWS
    )


def _approval(walk: Walk, approval: Approval) -> str:
    return f"approval:{walk.incident}:{walk.number}:{approval.number}"


def _about(walk: Walk, approval: Approval) -> dict[str, Any]:
    return {"walk": walk.number, "approval": approval.number}
