"""Builds and sends the digests of what happened while Slack was down."""

from __future__ import annotations

from datetime import timedelta

from bot.domain import routing
from bot.domain.routing import digests
from bot.domain.routing.notice import NoticeKind
from bot.domain.routing.payloads import DigestPayload, GatherPayload
from bot.domain.routing.send_result import Deferred, SendResult, Sent
from bot.domain.values.outage_span import OutageSpan
from bot.slack.blocks import digest
from bot.slack.blocks.elements import Message
from bot.slack.senders.base import NEVER_POSTED, Delivery, SenderBase
from bot.slack.senders.registry import sends
from bot.usecases.outbox.digest import gather
from storage.outbox import receipts
from storage.outbox.payloads import read_payload
from storage.timeline import entries as timeline

SOON = timedelta(seconds=1)


class DigestSender(SenderBase):
    """Posts one digest a channel in place of the messages that waited."""

    @sends(NoticeKind.GATHER, failure="gather what happened while Slack was down")
    async def gather(self, delivery: Delivery) -> SendResult:
        """Build the digests of an incident. Slack is not called."""
        payload = read_payload(delivery.notice, GatherPayload)
        span = OutageSpan(payload.since, payload.until, payload.since_wall, payload.until_wall)
        if await gather(self._context, delivery.incident.number, span):
            return Sent()
        return Deferred("a message of this incident is being sent", SOON)

    @sends(NoticeKind.DIGEST, failure="say what happened while Slack was down")
    async def digest(self, delivery: Delivery) -> SendResult:
        """Post one message of a digest."""
        payload = read_payload(delivery.notice, DigestPayload)
        if payload.place == digests.ANNOUNCEMENT:
            return await self._under_announcement(delivery, payload)
        message = await self._render(delivery, payload)
        if payload.part == 1:
            return await self.post_in_channel(delivery, message)
        first = digests.first_of(delivery.notice.dedup_key)
        async with self._context.database.reading() as conn:
            stored = await receipts.notice(conn, first)
        if stored is None:
            return NEVER_POSTED
        parent = routing.in_channel(first, NoticeKind.DIGEST, delivery.incident.number, stored.payload)
        return await self.post_in_thread(delivery, await self.posted(first), message, parent)

    async def _under_announcement(self, delivery: Delivery, payload: DigestPayload) -> SendResult:
        receipt = await self.posted(routing.announcement_key(delivery.incident.number))
        announcements = routing.announcement(delivery.incident, delivery.policy)
        if receipt is None or not announcements:
            return NEVER_POSTED
        return await self.post_under(delivery, receipt, await self._render(delivery, payload), announcements[0])

    async def _render(self, delivery: Delivery, payload: DigestPayload) -> Message:
        async with self._context.database.reading() as conn:
            records = await timeline.by_seqs(conn, delivery.incident.number, list(payload.seqs))
        return digest.digest(delivery.incident, delivery.policy, payload, records)
