"""Builds the notices about action items: to a new owner, and the reminder of all that a person owns."""

from __future__ import annotations

from datetime import date

from bot.domain.routing.notice import Notice, NoticeKind, Priority
from bot.domain.routing.payloads import ActionPayload, ActionReminderPayload


def action_assigned(incident: int, number: int, owner: str) -> Notice:
    """Tell a person directly that they own an item, once."""
    return Notice(
        f"action:{incident}:{number}:{owner}",
        NoticeKind.ACTION_ASSIGNED,
        incident,
        ActionPayload(number, owner).to_json(),
        priority=Priority.NEWS,
    )


def action_reminder(owner: str, day: date) -> Notice:
    """Remind a person of their items, once a day. It belongs to no incident."""
    payload = ActionReminderPayload(owner, day.isoformat()).to_json()
    return Notice(f"action_reminder:{owner}:{day}", NoticeKind.ACTION_REMINDER, None, payload, priority=Priority.NUDGE)
