"""Builds the notices about action items: to a new owner, and the reminder of all that a person owns."""

from __future__ import annotations

from datetime import date

from bot.domain.routing.notice import Notice, NoticeKind, Priority
from bot.domain.routing.payloads import ActionPayload, ActionReminderEditPayload, ActionReminderPayload, SettledPayload


def action_assigned_key(incident: int, number: int, owner: str) -> str:
    """Dedup key of the message that tells a person that they own an item."""
    return f"action:{incident}:{number}:{owner}"


def action_assigned_edit(incident: int, number: int, owner: str) -> Notice:
    """Bring that message up to date: its buttons are those of the item as it is now."""
    key = action_assigned_key(incident, number, owner)
    return Notice(
        f"edit:{key}", NoticeKind.REWRITE, incident, SettledPayload(key).to_json(),
        depends_on=key, priority=Priority.EDIT, resend=True,
    )  # fmt: skip


def action_assigned(incident: int, number: int, owner: str) -> Notice:
    """Tell a person directly that they own an item, once."""
    return Notice(
        action_assigned_key(incident, number, owner),
        NoticeKind.ACTION_ASSIGNED,
        incident,
        ActionPayload(number, owner).to_json(),
        priority=Priority.NEWS,
    )


def action_reminder(owner: str, day: date) -> Notice:
    """Remind a person of their items, once a day. It belongs to no incident."""
    payload = ActionReminderPayload(owner, day.isoformat()).to_json()
    return Notice(
        f"{action_reminder_prefix(owner)}:{day}", NoticeKind.ACTION_REMINDER, None, payload, priority=Priority.NUDGE
    )


def action_reminder_prefix(owner: str) -> str:
    """The prefix of the dedup keys of a person's reminders."""
    return f"action_reminder:{owner}"


def action_reminder_edit(owner: str, key: str) -> Notice:
    """Bring a reminder, given by its dedup key, up to date: an item that is settled loses its buttons.

    It is not held for the reminder: one that waits for somebody's morning shows the items as they are then.
    """
    payload = ActionReminderEditPayload(key, owner).to_json()
    return Notice(f"edit:{key}", NoticeKind.ACTION_REMINDER_EDIT, None, payload, priority=Priority.EDIT, resend=True)
