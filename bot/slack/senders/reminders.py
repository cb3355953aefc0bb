"""Sends reminders to the incident's channel, and edits them once they are settled.

At most one reminder has buttons. The others show how they were answered, or are deleted if a newer one replaced them:
their rows and the timeline keep the record.
"""

from __future__ import annotations

from typing import Any

from bot.domain.routing.notice import NoticeKind
from bot.domain.routing.payloads import NudgePayload, NudgeSettledPayload
from bot.domain.routing.send_result import NotNeeded, SendResult, Sent
from bot.slack.blocks import reminder
from bot.slack.client.api import SlackError
from bot.slack.senders.base import DELETED, Delivery, SenderBase, reason_if_ended
from bot.slack.senders.registry import sends
from storage.outbox.payloads import read_payload

ROLES_LEFT = "the update was posted, and required roles are empty"


def _no_longer_live(delivery: Delivery) -> str | None:
    """The reason to drop a reminder that was answered or replaced while Slack could not be reached."""
    if reason := reason_if_ended(delivery):
        return reason
    live = delivery.incident.live_nudge == delivery.notice.dedup_key
    return None if live else "answered or replaced before it could be sent"


class ReminderSender(SenderBase):
    """Posts reminders, and edits them once they are settled."""

    @sends(NoticeKind.NUDGE, failure="post a reminder", unless=_no_longer_live)
    async def nudge(self, delivery: Delivery) -> SendResult:
        """Post a reminder in the incident's channel."""
        payload, command = read_payload(delivery.notice, NudgePayload), self._senders.command
        message = reminder.nudge(delivery.incident, delivery.policy, payload, delivery.now, command)
        return await self.post_in_channel(delivery, message)

    @sends(NoticeKind.NUDGE_EDIT, failure="edit a reminder")
    async def nudge_edit(self, delivery: Delivery) -> SendResult:
        """Replace a reminder's buttons by how it was settled, or leave those for what is still owed.

        One that a newer reminder replaced is deleted, unless somebody replied or reacted to it.
        """
        payload = read_payload(delivery.notice, NudgeSettledPayload)
        if payload.left and delivery.incident.live_nudge != payload.of:
            return NotNeeded("answered or replaced before it could be edited")
        if payload.left:
            nudge_payload = NudgePayload(
                missing=payload.left, reason=ROLES_LEFT, next_at=delivery.incident.roles_due_at
            )
            message = reminder.nudge(
                delivery.incident, delivery.policy, nudge_payload, delivery.now, self._senders.command
            )
            return await self.edit_posted(payload.of, message)
        if payload.outcome == "superseded" and await self._delete(payload.of):
            return Sent()
        return await self.edit_posted(payload.of, reminder.nudge_done(payload.outcome or "", delivery.incident))

    async def _delete(self, dedup_key: str) -> bool:
        """Delete the message of a reminder. False if it stays: people answered it, or the bot may not delete it."""
        receipt = await self.posted(dedup_key)
        if receipt is None:
            return False
        message = {"channel": receipt["channel"], "ts": receipt["ts"]}
        try:
            answer = await self._api.call("conversations.replies", **message, limit=1)
            posted: dict[str, Any] = next((m for m in answer.get("messages", ()) if m.get("ts") == receipt["ts"]), {})
            if posted.get("reply_count") or posted.get("reactions"):
                return False
            await self._api.call("chat.delete", **message)
        except SlackError as error:
            if error.name in DELETED or error.name == "thread_not_found":
                return True
            if not error.permanent:
                raise
            return False
        return True
