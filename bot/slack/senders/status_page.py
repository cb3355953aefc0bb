"""Posts the publications of the status page in channels that are subscribed to it."""

from __future__ import annotations

from bot.domain.routing.notice import NoticeKind
from bot.domain.routing.payloads import PublicationPayload, SubscriberPayload
from bot.domain.routing.send_result import NotNeeded, SendResult
from bot.domain.statuspage.publication import reference_label, referred_update
from bot.slack.blocks.status_page import publication_message, receipt
from bot.slack.senders import post_once
from bot.slack.senders.base import Delivery, SenderBase
from bot.slack.senders.registry import sends, sends_without_incident
from bot.usecases.status_page.address import page_url
from storage.outbox.payloads import read_payload
from storage.outbox.queue import ClaimedNotice
from storage.statuspage import publications, subscribers


class StatusPageSender(SenderBase):
    """Tells subscribed channels, and the incident's channel."""

    @sends_without_incident(NoticeKind.STATUS_CHANNEL, failure="tell a channel of the status page")
    async def channel(self, notice: ClaimedNotice) -> SendResult:
        """Post the update, unless the channel or the publication is gone."""
        payload = read_payload(notice, SubscriberPayload)
        async with self._context.database.reading() as conn:
            subscriber = await subscribers.get(conn, payload.subscriber)
            publication = await publications.get(conn, payload.publication or "")
        if subscriber is None or publication is None:
            return NotNeeded("the channel is not subscribed any more")
        update, _ = referred_update(publication, payload.update)
        url = page_url(self._context)
        rules = self._context.policy.status_page
        message = publication_message(publication, update, rules, url, reference_label(update, payload.update))
        return await post_once.post(self._api, notice, subscriber.address, message)

    @sends(NoticeKind.STATUS_RECEIPT, failure="show what was published")
    async def receipt(self, delivery: Delivery) -> SendResult:
        """Show in the incident's channel what was published, and by whom."""
        payload = read_payload(delivery.notice, PublicationPayload)
        async with self._context.database.reading() as conn:
            publication = await publications.get(conn, payload.publication)
        if publication is None:
            return NotNeeded("there is no such publication")
        update, corrects = referred_update(publication, payload.update)
        message = receipt(delivery.incident, publication, update, payload.person, corrects=corrects)
        return await self.post_in_channel(delivery, message)
