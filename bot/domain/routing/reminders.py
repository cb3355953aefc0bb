"""Builds the notices (messages to send) that remind people in the channel.

It also builds the edit of a reminder that is settled: answered, or no longer needed.
"""

from __future__ import annotations

from bot.domain.incident import Incident, empty_roles
from bot.domain.policy.policy import Policy
from bot.domain.routing.channel import in_channel
from bot.domain.routing.notice import Notice, NoticeKind, Priority
from bot.domain.routing.payloads import NudgePayload, NudgeSettledPayload, SettledPayload


def nudge(number: int, deadline: str, payload: NudgePayload) -> Notice:
    """The reminder about a lapsed deadline."""
    return in_channel(f"nudge:{deadline}", NoticeKind.NUDGE, number, payload.to_json(), Priority.NUDGE, deadline)


def nudge_settled(number: int, nudge_key: str, outcome: str) -> Notice:
    """Edit a reminder to say how it was settled."""
    return Notice(
        f"settle:{nudge_key}", NoticeKind.NUDGE_EDIT, number, SettledPayload(nudge_key, outcome).to_json(),
        depends_on=nudge_key, priority=Priority.BUTTONS,
    )  # fmt: skip


def _nudge_reduced(number: int, nudge_key: str, roles: tuple[str, ...]) -> Notice:
    """Edit a reminder of an update and of roles to ask for these roles alone."""
    return Notice(
        f"reduce:{nudge_key}", NoticeKind.NUDGE_EDIT, number, NudgeSettledPayload(nudge_key, left=roles).to_json(),
        depends_on=nudge_key, priority=Priority.BUTTONS, resend=True,
    )  # fmt: skip


def nudges_settled(before: Incident, after: Incident, policy: Policy) -> list[Notice]:
    """The edit of the latest reminder, once it no longer applies, or asks for less."""
    live = before.live_nudge if after.live_nudge == before.live_nudge else None
    if live and after.open and after.updates > before.updates and (missing_roles := empty_roles(after, policy)):
        return [_nudge_reduced(after.number, live, missing_roles)]
    outcome = nudge_outcome(before, after, policy) if before.live_nudge else None
    return [nudge_settled(after.number, before.live_nudge, outcome)] if before.live_nudge and outcome else []


def nudge_outcome(before: Incident, after: Incident, policy: Policy) -> str | None:
    """How the latest reminder was settled. None while it still applies."""
    if after.live_nudge != before.live_nudge:
        return "superseded"
    if not after.open:
        return f"The incident is {after.status}."
    if after.updates > before.updates:
        return None if empty_roles(after, policy) else f"Done: update #{after.updates} was posted."
    if after.snooze and after.snooze != before.snooze:
        return "snoozed"
    if after.promised_by and after.update_due_at != before.update_due_at:
        return "promised"
    if before.told != after.told and before.unanswered == 0 and not empty_roles(after, policy):
        names = [
            policy.audiences[key].name if key in policy.audiences else key
            for key in after.told
            if after.told[key] != before.told.get(key)
        ]
        return f"Done: {', '.join(names)} told." if names else None
    if before.roles != after.roles and not empty_roles(after, policy) and before.unanswered == 0:
        return "Done: every required role is held."
    return None
