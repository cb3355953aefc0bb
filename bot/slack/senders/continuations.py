"""Sends the rest of a long text, in the thread of the message that shows its beginning."""

from __future__ import annotations

from bot.domain import routing
from bot.domain.routing.continuations import text_of, whole_description
from bot.domain.routing.notice import Notice, NoticeKind
from bot.domain.routing.payloads import ContinuationPayload
from bot.domain.routing.send_result import NotNeeded, SendResult
from bot.slack.blocks import continuation
from bot.slack.senders.base import NEVER_POSTED, Delivery, SenderBase
from bot.slack.senders.registry import sends
from storage.outbox import receipts
from storage.outbox.payloads import read_payload
from storage.timeline import entries as timeline


class ContinuationSender(SenderBase):
    """Continues messages in their threads."""

    @sends(NoticeKind.CONTINUATION, failure="post the rest of a long text")
    async def continuation(self, delivery: Delivery) -> SendResult:
        """Post one part of a text under the message that it continues."""
        payload = read_payload(delivery.notice, ContinuationPayload)
        receipt = await self.posted(payload.under)
        parent = await self._parent(delivery, payload.under)
        if receipt is None or parent is None:
            return NEVER_POSTED
        text, label = await self._text(delivery, payload)
        message = continuation.part(delivery.incident, text, payload.part, label)
        if message is None and delivery.instead_of is None:
            return NotNeeded("the text ends before")
        message = message or continuation.removed(delivery.incident)
        return await self.post_in_thread(delivery, receipt, message, parent)

    async def _text(self, delivery: Delivery, payload: ContinuationPayload) -> tuple[str, str]:
        """The whole text, and what it is; an empty text if it was redacted or deleted."""
        if payload.seq is None:
            return whole_description(delivery.incident), "description"
        async with self._context.database.reading() as conn:
            (record,) = await timeline.by_seqs(conn, delivery.incident.number, [payload.seq])
        if record.purged:
            return "", ""
        if record.entry.kind == "update":
            return record.entry.text, f"update #{record.entry.data.get('number')}"
        return text_of(record.entry), record.entry.kind

    async def _parent(self, delivery: Delivery, dedup_key: str) -> Notice | None:
        """The notice of the message that it goes under, to post it again if somebody deleted it."""
        number = delivery.incident.number
        if dedup_key == routing.card_key(number):
            return routing.card_posted(number)
        async with self._context.database.reading() as conn:
            stored = await receipts.notice(conn, dedup_key)
        return (
            None if stored is None else routing.in_channel(dedup_key, NoticeKind(stored.kind), number, stored.payload)
        )
