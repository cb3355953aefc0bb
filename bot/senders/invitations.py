"""Mails invitations to the meeting of a review, as calendar entries."""

from __future__ import annotations

import hashlib
import html
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta, tzinfo

from bot.domain.errors import DeliveryError
from bot.domain.incident import Incident
from bot.domain.policy.policy import Policy
from bot.domain.routing.payloads import ReviewInvitePayload
from bot.domain.routing.send_result import NotNeeded, SendResult, Sent, result_of
from bot.integrations.email import Email
from bot.integrations.mail import Mail
from bot.integrations.protocol import Notifier
from bot.review_calendar import meeting, title
from bot.usecases.context import Context
from storage import incidents
from storage.outbox.payloads import read_payload
from storage.outbox.queue import ClaimedNotice

# The address that Slack has for a user. Raises `DeliveryError` if Slack may tell it later.
AddressOf = Callable[[str], Awaitable[str | None]]


class InvitationSender:
    """Sends notices of the kinds `INVITE_KINDS`, always under the same Message-ID: a repeated one is shown once."""

    def __init__(
        self, context: Context, notifiers: Callable[[], Mapping[str, Notifier]], address_of: AddressOf
    ) -> None:
        self._context = context
        self._notifiers = notifiers
        self._address_of = address_of

    async def send(self, row: ClaimedNotice) -> SendResult:
        """Mail the invitation, unless the meeting was moved or the person has no address."""
        payload = read_payload(row, ReviewInvitePayload)
        async with self._context.database.reading() as conn:
            incident = await incidents.get(conn, row.incident or 0)
            policy = await self._context.policies.of(conn, incident) if incident is not None else None
        email = self._notifiers().get("email")
        if incident is None or policy is None or incident.review is None or not isinstance(email, Email):
            return NotNeeded("there is no such review, or no e-mail")
        if incident.review.scheduled != payload.scheduled or incident.review.scheduled_at is None:
            return NotNeeded("the review has another time by now")
        try:
            address = _of_contact(policy, payload.person) or await self._address_of(payload.person)
        except DeliveryError as error:
            error.uncertain = False  # nothing was mailed
            return result_of(error, f"Slack does not tell the address of {payload.person}: {error}")
        if address is None:
            return NotNeeded("no address is known")
        try:
            receipt = await email.send_mail(self._mail(row, incident, address, email, policy.zone))
        except DeliveryError as error:
            return result_of(error, f"Could not mail the review of {incident.id} to {address}: {error}.")
        return Sent(receipt.as_json())

    def _mail(self, row: ClaimedNotice, incident: Incident, address: str, email: Email, zone: tzinfo) -> Mail:
        url = self._context.url
        link = f"{url.rstrip('/')}/incidents/{incident.id}" if url else ""
        at = incident.review.scheduled_at if incident.review else None
        text = f"You took part in {incident.id}. {title(incident)} takes place {_when(at, zone) if at else 'later'}. "
        text += "The attached invitation puts it into your calendar."
        link_html = f'<p><a href="{html.escape(link)}">{html.escape(link)}</a></p>' if link else ""
        sender = f"{email.sender.username}@{email.sender.domain}"
        return Mail(
            to=address,
            subject=title(incident),
            text=f"{text}\n\n{link}".strip(),
            html=f"<p>{html.escape(text)}</p>{link_html}",
            key=f"review-{hashlib.sha256(row.dedup_key.encode()).hexdigest()[:24]}",
            thread=f"review-{incident.number}-{int(incident.declared_at.timestamp())}",
            calendar=meeting(incident, link, sender, address).decode(),
        )


def _when(at: datetime, zone: tzinfo) -> str:
    """`on 30 Nov 2026 at 10:30 UTC`, with the policy's local time where that differs."""
    utc, local = at.astimezone(UTC), at.astimezone(zone)
    also = "" if local.utcoffset() == timedelta() else f" ({local:%H:%M} {local.tzname()})"
    return f"on {utc:%-d %b %Y at %H:%M} UTC{also}"


def _of_contact(policy: Policy, person: str) -> str | None:
    return next(
        (contact.email for contact in policy.contacts.values() if contact.slack == person and contact.email), None
    )
