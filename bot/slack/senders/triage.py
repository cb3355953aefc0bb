"""Sends the triage message if there is something useful to suggest, and edits it when that changes."""

from __future__ import annotations

from dataclasses import replace

from bot.domain import routing
from bot.domain.routing.notice import NoticeKind
from bot.domain.routing.send_result import NotNeeded, SendResult
from bot.slack.blocks import triage as blocks
from bot.slack.senders.base import Delivery, SenderBase, reason_if_ended
from bot.slack.senders.registry import sends
from bot.usecases.queries import triage
from storage.outbox import enqueue


class TriageSender(SenderBase):
    """Posts and edits the triage message."""

    @sends(NoticeKind.TRIAGE, failure="post what may help", unless=reason_if_ended)
    async def triage(self, delivery: Delivery) -> SendResult:
        """Post the triage message, unless there is nothing useful to suggest."""
        findings = await triage.gather_triage(self._context, delivery.incident, delivery.policy)
        if not findings.useful:
            delivery = replace(delivery, unless=delivery.unless or "nothing known would help")
        message = blocks.triage(delivery.incident, delivery.policy, findings, delivery.now)
        return await self.post_in_channel(delivery, message)

    @sends(NoticeKind.TRIAGE_EDIT, failure="keep what may help up to date")
    async def triage_edit(self, delivery: Delivery) -> SendResult:
        """Edit the message. If it was never posted, queue it instead."""
        number = delivery.incident.number
        receipt = await self.posted(routing.triage_key(number))
        if receipt is None:
            async with self._context.database.transaction() as conn:
                await enqueue.put(conn, [replace(routing.triage(number), resend=True)])
            return NotNeeded("nothing was posted so far; the message itself is queued again")
        findings = await triage.gather_triage(self._context, delivery.incident, delivery.policy)
        return await self.edit(receipt, blocks.triage(delivery.incident, delivery.policy, findings, delivery.now))
