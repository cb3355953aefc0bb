"""What is told of a playbook's walk, and where."""

from __future__ import annotations

from typing import Any

from bot.domain.incident import Incident
from bot.domain.playbook.run import Approval, PlaybookRun, StepState, StepStatus, pending_approvals, status_text
from bot.domain.routing.channel import channel_of
from bot.domain.routing.notice import Notice, NoticeKind, OnDependencyFailure, Priority
from bot.domain.routing.payloads import ApprovalPayload, RunPayload, SettledPayload, StepOverduePayload
from bot.domain.values.slack_ids import user_mention


def walk_of(incident: int, number: int) -> str:
    """The one message of a walk; its thread holds reminders and what runners printed."""
    return f"walk:{incident}:{number}"


def opened(walk: PlaybookRun) -> Notice:
    return Notice(
        walk_of(walk.incident, walk.number), NoticeKind.RUN, walk.incident, RunPayload(walk.number).to_json(),
        depends_on=channel_of(walk.incident),
        on_dependency_failure=OnDependencyFailure.DIRECT, priority=Priority.CARD,
    )  # fmt: skip


def walk_edit(incident: int, number: int) -> Notice:
    """Several edits become the newest. It is what whoever pressed a button waits for."""
    return Notice(
        f"walk_edit:{incident}:{number}", NoticeKind.RUN_EDIT, incident, RunPayload(number).to_json(),
        depends_on=walk_of(incident, number), priority=Priority.ANSWER, resend=True,
    )  # fmt: skip


def walks_told(before: Incident, after: Incident) -> list[Notice]:
    """Whether the incident goes on shows in the messages of its playbooks: what is asked, and until when."""
    if after.open == before.open:
        return []
    return [walk_edit(after.number, walking.number) for walking in after.walks if walking.outcome is None]


def asked(walk: PlaybookRun, approval: Approval) -> list[Notice]:
    """In the channel, and to each approver directly."""
    in_channel, *directly = asking_of(walk, approval)
    found = [
        Notice(
            in_channel, NoticeKind.APPROVAL, walk.incident, _payload(walk, approval),
            depends_on=channel_of(walk.incident),
            on_dependency_failure=OnDependencyFailure.DIRECT, priority=Priority.CARD,
        )
    ]  # fmt: skip
    return found + [
        Notice(dedup_key, NoticeKind.APPROVAL, walk.incident, _payload(walk, approval, person), priority=Priority.CARD)
        for dedup_key, person in zip(directly, approval.people, strict=True)
    ]


def asking(walk: PlaybookRun) -> tuple[str, ...]:
    """Every message that still asks somebody."""
    return tuple(dedup_key for _, approval in pending_approvals(walk) for dedup_key in asking_of(walk, approval))


def asking_of(walk: PlaybookRun, approval: Approval) -> tuple[str, ...]:
    base = _approval(walk, approval)
    return (f"{base}:channel", *(f"{base}:dm:{person}" for person in approval.people))


def settled(before: PlaybookRun, after: PlaybookRun) -> list[Notice]:
    """Requests that ask nothing any more lose their buttons."""
    left = {approval.number for _, approval in pending_approvals(after)}
    return [
        request_over(dedup_key, after.incident)
        for _, approval in pending_approvals(before)
        if approval.number not in left
        for dedup_key in asking_of(after, approval)
    ]


def requests_told(before: Incident, after: Incident) -> list[Notice]:
    """Requests for approval rest while the incident is over: they lose their buttons, and have them again."""
    if after.open == before.open:
        return []
    return [request_over(dedup_key, after.number) for walking in after.walks for dedup_key in walking.asking]


def request_over(dedup_key: str, number: int) -> Notice:
    """`dedup_key` is `approval:42:1:3:channel`: of incident 42, walk 1, request 3."""
    _, _, walk, request, *_ = dedup_key.split(":")
    payload = ApprovalPayload(int(walk), int(request), of=dedup_key)
    return Notice(
        f"settle:{dedup_key}",
        NoticeKind.APPROVAL_EDIT,
        number,
        payload.to_json(),
        depends_on=dedup_key,
        priority=Priority.EDIT,
        resend=True,
    )


def broken_glass(walk: PlaybookRun, mark: StepState) -> Notice:
    """Loudly: a message of its own in the channel."""
    assert mark.asked is not None  # noqa: S101 - there was a request
    return Notice(
        f"{_approval(walk, mark.asked)}:broken", NoticeKind.BREAK_GLASS, walk.incident, _payload(walk, mark.asked),
        depends_on=channel_of(walk.incident),
        on_dependency_failure=OnDependencyFailure.DIRECT, priority=Priority.CARD,
    )  # fmt: skip


def step_late(walk: PlaybookRun, mark: StepState, person: str, deadline: str, late_s: float | None) -> Notice:
    """In the thread of the walk, to one person."""
    payload = StepOverduePayload(walk.number, mark.key, mark.turns, person, mark.nudged, late_s)
    return Notice(
        f"nudge:{deadline}", NoticeKind.STEP_OVERDUE, walk.incident, payload.to_json(),
        depends_on=walk_of(walk.incident, walk.number),
        on_dependency_failure=OnDependencyFailure.DIRECT, priority=Priority.NUDGE,
        deadline=deadline,
    )  # fmt: skip


def reminders_settled(before: PlaybookRun, after: PlaybookRun) -> list[Notice]:
    """Reminders of steps that are settled, handed on or overtaken by another are edited to say so."""
    found = []
    for old, new in zip(before.steps, after.steps, strict=True):
        for deadline in old.reminders:
            if deadline not in new.reminders:
                found.append(_reminder_settled(after, deadline, new))
    return found


def _reminder_settled(walk: PlaybookRun, deadline: str, mark: StepState) -> Notice:
    dedup_key = f"nudge:{deadline}"
    if mark.reminders:
        outcome = "superseded"
    elif mark.settled or mark.state is StepStatus.ROLLED_BACK:
        outcome = f"{mark.key} {mark.title}: {status_text(mark.state)}" + (
            f" by {user_mention(mark.by)}" if mark.by else ""
        )
    else:
        outcome = f"{mark.key} {mark.title}: somebody saw to it."
    return Notice(
        f"settle:{dedup_key}", NoticeKind.NUDGE_EDIT, walk.incident, SettledPayload(dedup_key, outcome).to_json(),
        depends_on=dedup_key, priority=Priority.EDIT,
    )  # fmt: skip


def owner_told(dedup_key: str, contact: str, person: str, about: dict[str, Any]) -> Notice:
    """To the owner of a playbook, about nobody's incident."""
    return Notice(
        f"playbook:{dedup_key}:{contact}",
        NoticeKind.PLAYBOOK_REVIEW,
        None,
        {**about, "person": person},
        priority=Priority.NEWS,
    )


def _approval(walk: PlaybookRun, approval: Approval) -> str:
    return f"approval:{walk.incident}:{walk.number}:{approval.number}"


def _payload(walk: PlaybookRun, approval: Approval, person: str | None = None) -> dict[str, Any]:
    return ApprovalPayload(walk.number, approval.number, person).to_json()
