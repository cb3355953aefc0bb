"""Sends edits of the bot's messages after a redaction removed words that they show."""

from __future__ import annotations

from dataclasses import replace

from bot.domain.routing.notice import NoticeKind
from bot.domain.routing.payloads import SettledPayload
from bot.domain.routing.send_result import NotNeeded, SendResult
from bot.slack.client.api import SlackError
from bot.slack.senders.base import NEVER_POSTED, Delivery, SenderBase
from bot.slack.senders.registry import sends
from storage.outbox import receipts
from storage.outbox.payloads import read_payload


class RewriteSender(SenderBase):
    """Renders a message of any kind again, from what the record holds now, in place of itself."""

    @sends(NoticeKind.REWRITE, failure="strike words from a message")
    async def rewrite(self, delivery: Delivery) -> SendResult:
        """Call the sender of the message's own kind, with the message to edit instead of posting a new one."""
        key = read_payload(delivery.notice, SettledPayload).of
        async with self._context.database.reading() as conn:
            original = await receipts.notice(conn, key)
        receipt = await self.posted(key)
        if original is None or receipt is None:
            return NEVER_POSTED
        notice = replace(delivery.notice, dedup_key=key, kind=original.kind, payload=original.payload, uncertain=False)
        try:
            return await self._senders.methods[NoticeKind(original.kind)](
                replace(delivery, notice=notice, instead_of=receipt)
            )
        except SlackError as error:
            if error.name != "message_not_found":
                raise
            return NotNeeded("somebody deleted the message")
