"""Sends events to webhooks that are subscribed to the status page, signed by the Standard Webhooks specification."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.domain.errors import DeliveryError
from bot.domain.policy.status_page_rules import StatusPageRules
from bot.domain.routing.payloads import SubscriberPayload
from bot.domain.routing.send_result import LEASE_TOO_SHORT, Failed, NotNeeded, SendResult, Sent, result_of
from bot.domain.statuspage.publication import Publication, PublicUpdate, reference_label, referred_update
from bot.domain.statuspage.subscriber import Purpose, Subscriber, SubscriberKind, signing_key
from bot.domain.timeline.entry import rfc3339
from bot.integrations import http, standard_webhooks
from bot.integrations.pinned_session import pinned_session
from bot.senders.subscriber_reads import SubscriberReads
from bot.usecases.context import Context
from bot.usecases.status_page.address import link, page_url, publication_link
from storage.outbox.payloads import read_payload
from storage.outbox.queue import ClaimedNotice
from storage.statuspage import subscribers

AT_ONCE = 8
GIVEN_UP_AFTER = timedelta(days=2)
ASKED_UNTIL = timedelta(minutes=10)  # limit for a receiver that does not answer the request to confirm


class SubscriberWebhookSender:
    """Sends notices of the kinds `SUBSCRIBER_WEBHOOK_KINDS`.

    An address outside the public internet gets no request. One that answers 410, or fails for two days, is
    unsubscribed.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._reads = SubscriberReads(context.database)
        self._slots = asyncio.Semaphore(AT_ONCE)

    async def send(self, row: ClaimedNotice) -> SendResult:
        """Post the event, or the request to confirm the subscription."""
        payload = read_payload(row, SubscriberPayload)
        read = await self._reads.get(payload)
        subscriber, publication, secret = read.subscriber, read.publication, read.secret
        if subscriber is None or subscriber.kind is not SubscriberKind.WEBHOOK:
            return NotNeeded("the subscriber has left")
        if payload.publication is not None and publication is None:
            return NotNeeded("there is no such publication")
        if publication is None:
            event = self._confirmation(subscriber, secret)
        else:
            event = self._event(subscriber, publication, payload.update, secret)
        async with self._slots:
            if not row.lease_covers(2 * http.TIMEOUT_S):
                return LEASE_TOO_SHORT
            return await self._post(row, subscriber, secret, event)

    async def _post(self, row: ClaimedNotice, subscriber: Subscriber, secret: str, event: dict[str, Any]) -> SendResult:
        key = signing_key(secret, subscriber.id)
        try:
            async with pinned_session(subscriber.address, self._context.policy.status_page.webhook_networks) as session:
                receipt = await standard_webhooks.post(session, subscriber.address, key, f"msg_{row.key}", event)
        except DeliveryError as error:
            problem = f"Could not tell a webhook of the status page: {error}."
            trying = datetime.now(UTC) - row.first_try_at
            if error.permanent or trying > (GIVEN_UP_AFTER if subscriber.active else ASKED_UNTIL):
                await self._forget(subscriber)
                return Failed(f"{problem} It is subscribed no more.")
            return result_of(error, problem)
        return Sent(receipt)

    async def _forget(self, subscriber: Subscriber) -> None:
        async with self._context.database.transaction() as conn:
            await subscribers.delete(conn, subscriber.id)

    def _confirmation(self, subscriber: Subscriber, secret: str) -> dict[str, Any]:
        """The request to confirm. Only its receiver learns the secret and the link that confirms."""
        return {
            "type": "subscription.confirm",
            "timestamp": rfc3339(self._context.clock.now()),
            "data": {
                "page": _page(self._context),
                "confirm_url": link(self._context, secret, Purpose.CONFIRM, subscriber.id),
                "unsubscribe_url": link(self._context, secret, Purpose.UNSUBSCRIBE, subscriber.id),
                "secret": signing_key(secret, subscriber.id),
            },
        }

    def _event(
        self, subscriber: Subscriber, publication: Publication, reference: str | None, secret: str
    ) -> dict[str, Any]:
        update, corrects = referred_update(publication, reference)
        rules = self._context.policy.status_page
        kind = "maintenance" if publication.is_maintenance else "incident"
        return {
            "type": f"{kind}.{_action(update, reference, corrects=corrects)}",
            "timestamp": rfc3339(update.edited_at or update.at),
            "data": {
                "page": _page(self._context),
                kind: _public(publication, rules, publication_link(self._context, secret, publication.id)),
                "update": {"status": str(update.status), "message": update.message, "at": rfc3339(update.at)},
                "unsubscribe_url": link(self._context, secret, Purpose.UNSUBSCRIBE, subscriber.id),
            },
        }


def _action(update: PublicUpdate, reference: str | None, *, corrects: bool) -> str:
    if corrects:
        return "corrected"
    return "reminder" if reference_label(update, reference) == "Reminder" else str(update.status)


def _page(context: Context) -> dict[str, str]:
    return {"name": context.policy.status_page.name, "url": page_url(context)}


def _public(publication: Publication, rules: StatusPageRules, url: str) -> dict[str, Any]:
    """The publication as the page shows it, and nothing else."""
    planned = publication.scheduled_for, publication.scheduled_until
    return {
        "id": publication.id,
        "title": publication.title,
        "impact": publication.impact,
        "status": str(publication.status),
        "url": url,
        "started_at": rfc3339(publication.started_at),
        "ended_at": rfc3339(publication.ended_at) if publication.ended_at else None,
        "scheduled_for": rfc3339(planned[0]) if planned[0] else None,
        "scheduled_until": rfc3339(planned[1]) if planned[1] else None,
        "components": [
            {"key": component.key, "name": component.name, "state": str(publication.components[component.key])}
            for component in rules.components
            if component.key in publication.components
        ],
    }
