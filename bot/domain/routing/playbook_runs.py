"""Builds the notices about playbook runs: the run's message, requests for approval, and reminders of steps."""

from __future__ import annotations

from typing import Any

from bot.domain.incident import Incident
from bot.domain.playbook.run import Approval, PlaybookRun, StepState, StepStatus, pending_approvals, status_text
from bot.domain.routing.channel import channel_key
from bot.domain.routing.notice import Notice, NoticeKind, OnDependencyFailure, Priority
from bot.domain.routing.payloads import ApprovalPayload, RunPayload, SettledPayload, StepOverduePayload
from bot.domain.values.slack_ids import user_mention


def run_message_key(incident: int, number: int) -> str:
    """Dedup key of the run's one message; its thread holds reminders and the output of runners."""
    return f"walk:{incident}:{number}"


def run_posted(incident: int, number: int) -> Notice:
    """The run's one message."""
    return Notice(
        run_message_key(incident, number), NoticeKind.RUN, incident, RunPayload(number).to_json(),
        depends_on=channel_key(incident),
        on_dependency_failure=OnDependencyFailure.DIRECT, priority=Priority.CARD,
    )  # fmt: skip


def run_edit(incident: int, number: int) -> Notice:
    """Edit the run's message; several edits collapse into the newest. The person who pressed a button waits for it."""
    return Notice(
        f"walk_edit:{incident}:{number}", NoticeKind.RUN_EDIT, incident, RunPayload(number).to_json(),
        depends_on=run_message_key(incident, number), priority=Priority.ANSWER, resend=True,
    )  # fmt: skip


def run_edits(before: Incident, after: Incident) -> list[Notice]:
    """Edits of the messages of open runs, if the incident has ended or been reopened."""
    if after.open == before.open:
        return []
    return [run_edit(after.number, run.number) for run in after.walks if run.outcome is None]


def approval_requested(run: PlaybookRun, approval: Approval) -> list[Notice]:
    """The request for approval: a message in the channel, and one to each approver directly."""
    in_channel, *directly = request_keys(run, approval)
    posted = [
        Notice(
            in_channel, NoticeKind.APPROVAL, run.incident, _payload(run, approval),
            depends_on=channel_key(run.incident),
            on_dependency_failure=OnDependencyFailure.DIRECT, priority=Priority.CARD,
        )
    ]  # fmt: skip
    return posted + [
        Notice(dedup_key, NoticeKind.APPROVAL, run.incident, _payload(run, approval, person), priority=Priority.CARD)
        for dedup_key, person in zip(directly, approval.people, strict=True)
    ]


def request_again(run: PlaybookRun, approval: Approval, dedup_key: str) -> Notice:
    """The notice with this key of a request's messages."""
    return next(notice for notice in approval_requested(run, approval) if notice.dedup_key == dedup_key)


def live_request_keys(run: PlaybookRun) -> tuple[str, ...]:
    """Dedup keys of the messages of all pending requests."""
    return tuple(dedup_key for _, approval in pending_approvals(run) for dedup_key in request_keys(run, approval))


def request_keys(run: PlaybookRun, approval: Approval) -> tuple[str, ...]:
    """Dedup keys of a request's messages: the channel's first, then one for each approver."""
    base = _request_base(run, approval)
    return (f"{base}:channel", *(f"{base}:dm:{person}" for person in approval.people))


def requests_settled(before: PlaybookRun, after: PlaybookRun) -> list[Notice]:
    """Edits that take the buttons off requests which are no longer pending."""
    pending_numbers = {approval.number for _, approval in pending_approvals(after)}
    return [
        request_settled(dedup_key, after.incident)
        for _, approval in pending_approvals(before)
        if approval.number not in pending_numbers
        for dedup_key in request_keys(after, approval)
    ]


def requests_paused(before: Incident, after: Incident) -> list[Notice]:
    """Edits that take the buttons off requests when the incident ends, and restore them when it is reopened."""
    if after.open == before.open:
        return []
    return [request_settled(dedup_key, after.number) for run in after.walks for dedup_key in run.asking]


def request_settled(dedup_key: str, number: int) -> Notice:
    """Edit one message of a request. `approval:42:1:3:channel` belongs to incident 42, run 1, request 3."""
    _, _, run, request, *_ = dedup_key.split(":")
    payload = ApprovalPayload(int(run), int(request), of=dedup_key)
    return Notice(
        f"settle:{dedup_key}",
        NoticeKind.APPROVAL_EDIT,
        number,
        payload.to_json(),
        depends_on=dedup_key,
        priority=Priority.BUTTONS,
        resend=True,
    )


def glass_broken(run: PlaybookRun, step: StepState) -> Notice:
    """A message of its own in the channel: a step went ahead without approval."""
    assert step.asked is not None  # noqa: S101 - there was a request
    return Notice(
        f"{_request_base(run, step.asked)}:broken", NoticeKind.BREAK_GLASS, run.incident, _payload(run, step.asked),
        depends_on=channel_key(run.incident),
        on_dependency_failure=OnDependencyFailure.DIRECT, priority=Priority.CARD,
    )  # fmt: skip


def step_overdue(run: PlaybookRun, step: StepState, person: str, deadline: str, late_s: float | None) -> Notice:
    """Remind one person of an overdue step, in the thread of the run."""
    payload = StepOverduePayload(run.number, step.key, step.turns, person, step.nudged, late_s)
    return Notice(
        f"nudge:{deadline}", NoticeKind.STEP_OVERDUE, run.incident, payload.to_json(),
        depends_on=run_message_key(run.incident, run.number),
        on_dependency_failure=OnDependencyFailure.DIRECT, priority=Priority.NUDGE,
        deadline=deadline,
    )  # fmt: skip


def reminders_settled(before: PlaybookRun, after: PlaybookRun) -> list[Notice]:
    """Edits of reminders whose step was settled or handed on, or that a newer reminder replaced."""
    edits = []
    for old, new in zip(before.steps, after.steps, strict=True):
        for deadline in old.reminders:
            if deadline not in new.reminders:
                edits.append(_reminder_settled(after, deadline, new))
    return edits


def _reminder_settled(run: PlaybookRun, deadline: str, step: StepState) -> Notice:
    dedup_key = f"nudge:{deadline}"
    if step.reminders:
        outcome = "superseded"
    elif step.settled or step.state is StepStatus.ROLLED_BACK:
        outcome = f"{step.key} {step.title}: {status_text(step.state)}" + (
            f" by {user_mention(step.by)}" if step.by else ""
        )
    else:
        outcome = f"{step.key} {step.title}: somebody saw to it."
    return Notice(
        f"settle:{dedup_key}", NoticeKind.NUDGE_EDIT, run.incident, SettledPayload(dedup_key, outcome).to_json(),
        depends_on=dedup_key, priority=Priority.BUTTONS,
    )  # fmt: skip


def review_due(dedup_key: str, contact: str, person: str, about: dict[str, Any]) -> Notice:
    """Ask the owner of playbooks to review them. It belongs to no incident."""
    return Notice(
        f"playbook:{dedup_key}:{contact}",
        NoticeKind.PLAYBOOK_REVIEW,
        None,
        {**about, "person": person},
        priority=Priority.NEWS,
    )


def _request_base(run: PlaybookRun, approval: Approval) -> str:
    return f"approval:{run.incident}:{run.number}:{approval.number}"


def _payload(run: PlaybookRun, approval: Approval, person: str | None = None) -> dict[str, Any]:
    return ApprovalPayload(run.number, approval.number, person).to_json()
