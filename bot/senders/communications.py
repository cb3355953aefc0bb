"""Sends communications outside Slack: by e-mail, and to the operator's webhook."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from bot.domain.communications import tell
from bot.domain.communications.communication import Communication
from bot.domain.errors import DeliveryError
from bot.domain.incident import Incident
from bot.domain.routing.notice import NoticeKind
from bot.domain.routing.payloads import CommunicationPayload
from bot.domain.routing.send_result import Failed, NotNeeded, Retry, SendResult, Sent, result_of
from bot.domain.statuspage.subscriber import Purpose, Subscriber, SubscriberKind
from bot.integrations import http
from bot.integrations.email import Email
from bot.integrations.mail import Mail
from bot.integrations.protocol import Notifier, Receipt
from bot.integrations.webhook import Webhook
from bot.templates import markup
from bot.usecases.context import Context
from bot.usecases.status_page.address import link, signing_secret
from storage import communications, incidents
from storage.outbox.payloads import read_payload
from storage.outbox.queue import ClaimedNotice
from storage.statuspage import subscribers

VERSION = 1  # of the webhook's body


class CommunicationSender:
    """Sends notices of the kinds `MAIL_KINDS`, as the communication was written: nothing is rendered anew.

    `notifiers` returns those in use, by method: they change when secrets are rotated.
    """

    def __init__(self, context: Context, notifiers: Callable[[], Mapping[str, Notifier]]) -> None:
        self._context = context
        self._notifiers = notifiers

    async def send(self, row: ClaimedNotice) -> SendResult:
        """1. Read the communication. 2. Pass it to the mail server or the webhook. 3. Describe a failure."""
        payload = read_payload(row, CommunicationPayload)
        async with self._context.database.reading() as conn:
            incident = await incidents.get(conn, row.incident or 0)
            communication = await communications.get(conn, row.incident or 0, payload.number)
            corrected = None
            if communication is not None and communication.corrects is not None:
                corrected = await communications.get(conn, communication.incident, communication.corrects)
        if incident is None or communication is None:
            return Failed(f"there is no communication for {row.dedup_key}")
        recipient = payload.address if row.kind == NoticeKind.COMMS_MAIL else "the webhook"
        failure_text = f"Could not send the {tell.title_of(communication)} to {recipient}"
        if not row.lease_covers(2 * http.TIMEOUT_S):
            return Retry(f"{failure_text}: its lease would have ended before the answer", timedelta(0))
        subscriber, has_unsubscribed = await self._subscription(row, payload, incident, communication)
        if has_unsubscribed:
            return NotNeeded("they have unsubscribed from the status page")
        try:
            receipt = await self._send(row, payload, incident, communication, corrected, subscriber)
        except DeliveryError as error:
            return result_of(error, f"{failure_text}: {error}.")
        if receipt is None:
            return Failed(f"{failure_text}: it is not set up any more.")
        return Sent(receipt.as_json())

    async def _send(
        self,
        row: ClaimedNotice,
        payload: CommunicationPayload,
        incident: Incident,
        communication: Communication,
        corrected: Communication | None,
        subscriber: Subscriber | None,
    ) -> Receipt | None:
        """Make one attempt. None if the recipient's method is no longer set up."""
        if row.kind == NoticeKind.COMMS_MAIL:
            email = self._notifiers().get("email")
            if not isinstance(email, Email):
                return None
            mail = _mail(payload, incident, communication, corrected)
            return await email.send_mail(
                mail if subscriber is None else await self._with_unsubscribe_link(mail, subscriber)
            )
        webhook = self._notifiers().get("webhook")
        return await webhook.post(row.key, _body(row, communication)) if isinstance(webhook, Webhook) else None

    async def _subscription(
        self, row: ClaimedNotice, payload: CommunicationPayload, incident: Incident, communication: Communication
    ) -> tuple[Subscriber | None, bool]:
        """The subscription by which an address gets this mail, and whether it got it by one that has ended since.

        People and addresses of the policy get it without one; only audiences with `subscribers` have others.
        """
        if row.kind != NoticeKind.COMMS_MAIL:
            return None, False
        address = payload.address.lower()
        async with self._context.database.reading() as conn:
            policy = await self._context.policies.of(conn, incident)
            audience = policy.audiences.get(communication.audience)
            if audience is None or not audience.subscribers:
                return None, False
            subscriber = await subscribers.of_address(conn, SubscriberKind.EMAIL, address)
        if subscriber is not None and subscriber.active:
            return subscriber, False
        in_policy = bool(payload.name) or address in {email.lower() for email in audience.emails}
        return None, not in_policy

    async def _with_unsubscribe_link(self, mail: Mail, subscriber: Subscriber) -> Mail:
        """The mail to a subscriber, with the link that ends the subscription."""
        async with self._context.database.reading() as conn:
            unsubscribe_url = link(self._context, await signing_secret(conn), Purpose.UNSUBSCRIBE, subscriber.id)
        page_name = self._context.policy.status_page.name
        footer = f"You get this because you subscribed to {page_name}. Unsubscribe: {unsubscribe_url}"
        text, html_text = f"{mail.text}\n\n{footer}", f"{mail.html}{markup.to_html(footer)}"
        return replace(mail, text=text, html=html_text, unsubscribe_url=unsubscribe_url)


def _mail(
    payload: CommunicationPayload,
    incident: Incident,
    communication: Communication,
    corrected: Communication | None,
) -> Mail:
    text, markup_text = communication.text, communication.text
    if corrected is not None:
        intro = f"This corrects our message “{corrected.subject}”."
        text, markup_text = f"{intro}\n\n{text}", f"{intro}\n\n{markup_text}"
    return Mail(
        to=payload.address,
        name=payload.name,
        subject=communication.subject,
        text=markup.to_plain(text),
        html=markup.to_html(markup_text),
        key=mail_key(incident, communication.number, payload.address),
        thread=thread(incident),
        answers=mail_key(incident, corrected.number, payload.address) if corrected else None,
        reply_to=communication.reply_to,
    )


def thread(incident: Incident) -> str:
    """The root of the mail thread of an incident. It tells nothing about the incident."""
    about = f"communications:{incident.number}:{incident.declared_at.isoformat()}"
    return f"incident.{hashlib.sha256(about.encode()).hexdigest()[:20]}"


def mail_key(incident: Incident, number: int, address: str) -> str:
    """The ID of the mail about a communication to one address, the same at each attempt."""
    about = f"{thread(incident)}:{number}:{address.lower()}"
    return f"message.{hashlib.sha256(about.encode()).hexdigest()[:24]}"


def _body(row: ClaimedNotice, communication: Communication) -> dict[str, Any]:
    """The webhook's body. New fields may be added; existing ones keep their meaning."""
    return {
        "version": VERSION,
        "action": "communication",
        "key": row.key,
        "incident": {"id": communication.incident_id},
        "communication": {
            "id": communication.id,
            "audience": communication.audience,
            "stage": communication.stage,
            "number": communication.of_audience,
            "subject": communication.subject,
            "text": communication.text,
            "public": communication.public,
            "corrects": f"{communication.incident_id}/{communication.corrects}" if communication.corrects else None,
            "sent_at": communication.sent_at.isoformat(timespec="milliseconds") if communication.sent_at else None,
        },
    }
