"""Reminders in the channel, and what becomes of the one that still has its buttons."""

from __future__ import annotations

from bot.domain.incident import Incident, empty_roles
from bot.domain.policy.policy import Policy
from bot.domain.routing.channel import in_channel
from bot.domain.routing.notice import Notice, NoticeKind, Priority
from bot.domain.routing.payloads import NudgePayload, SettledPayload


def nudge(number: int, deadline: str, payload: NudgePayload) -> Notice:
    return in_channel(f"nudge:{deadline}", NoticeKind.NUDGE, number, payload.to_json(), Priority.NUDGE, deadline)


def nudge_settled(number: int, nudge_once: str, outcome: str) -> Notice:
    return Notice(
        f"settle:{nudge_once}", NoticeKind.NUDGE_EDIT, number, SettledPayload(nudge_once, outcome).to_json(),
        depends_on=nudge_once, priority=Priority.EDIT,
    )  # fmt: skip


def nudges_settled(before: Incident, after: Incident, policy: Policy) -> list[Notice]:
    """The live reminder is edited when it asks for nothing any more."""
    outcome = nudge_outcome(before, after, policy) if before.live_nudge else None
    return [nudge_settled(after.number, before.live_nudge, outcome)] if before.live_nudge and outcome else []


def nudge_outcome(before: Incident, after: Incident, policy: Policy) -> str | None:
    if after.live_nudge != before.live_nudge:
        return "superseded"
    if not after.open:
        return f"The incident is {after.status}."
    if after.updates > before.updates:
        return f"Done: update #{after.updates} was posted."
    if after.snooze and after.snooze != before.snooze:
        return "snoozed"
    if after.promised_by and after.update_due_at != before.update_due_at:
        return "promised"
    if before.roles != after.roles and not empty_roles(after, policy) and before.unanswered == 0:
        return "Done: every required role is held."
    return None
