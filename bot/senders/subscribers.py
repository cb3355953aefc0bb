"""Sends mails to the subscribers of the status page: each at least once, always under the same Message-ID."""

from __future__ import annotations

import asyncio
import hashlib
import html
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from bot.domain.errors import DeliveryError
from bot.domain.policy.status_page_rules import StatusPageRules
from bot.domain.routing.notice import NoticeKind
from bot.domain.routing.payloads import SubscriberPayload
from bot.domain.routing.send_result import LEASE_TOO_SHORT, Failed, NotNeeded, SendResult, Sent, result_of
from bot.domain.statuspage.publication import (
    Publication,
    PublicStatus,
    PublicUpdate,
    planned_text,
    reference_label,
    referred_update,
)
from bot.domain.statuspage.subscriber import Purpose, Subscriber
from bot.integrations.email import WHOLE_S, Email
from bot.integrations.mail import Mail
from bot.integrations.protocol import Notifier
from bot.senders.subscriber_reads import SubscriberReads
from bot.usecases.context import Context
from bot.usecases.status_page.address import link, publication_link
from storage.outbox.payloads import read_payload
from storage.outbox.queue import ClaimedNotice

AT_ONCE = 16  # connections to the mail server
GIVEN_UP_AFTER = timedelta(days=2)  # an older update does not help anybody


class SubscriberSender:
    """Sends notices of the kinds `STATUS_CONFIRM` and `STATUS_MAIL`.

    SMTP cannot be asked whether a mail arrived. One whose outcome is unknown, because the process died or the
    connection broke, is sent again under its Message-ID: mail programs show it once, and none is lost.
    """

    def __init__(self, context: Context, notifiers: Callable[[], Mapping[str, Notifier]]) -> None:
        self._context = context
        self._notifiers = notifiers
        self._reads = SubscriberReads(context.database)
        self._slots = asyncio.Semaphore(AT_ONCE)

    async def send(self, row: ClaimedNotice) -> SendResult:
        """Compose the mail, and pass it to the mail server."""
        mail = await self._mail(row)
        if isinstance(mail, NotNeeded):
            return mail
        email = self._notifiers().get("email")
        if not isinstance(email, Email):
            return Failed("Could not mail a subscriber: e-mail is not set up any more.")
        async with self._slots:
            if not row.lease_covers(WHOLE_S):
                return LEASE_TOO_SHORT
            try:
                receipt = await email.send_mail(mail)
            except DeliveryError as error:
                problem = f"Could not mail a subscriber: {error}."
                if datetime.now(UTC) - row.first_try_at > GIVEN_UP_AFTER:
                    return Failed(problem)
                return result_of(error, problem)
        return Sent(receipt.as_json())

    async def _mail(self, row: ClaimedNotice) -> Mail | NotNeeded:
        payload = read_payload(row, SubscriberPayload)
        read = await self._reads.get(payload)
        if read.subscriber is None:
            return NotNeeded("the subscriber has left")
        if row.kind == NoticeKind.STATUS_CONFIRM:
            return self._confirmation(read.subscriber, read.secret)
        if read.publication is None:
            return NotNeeded("there is no such publication")
        return self._update(read.subscriber, read.publication, payload.update or "", read.secret)

    def _confirmation(self, subscriber: Subscriber, secret: str) -> Mail:
        rules = self._context.policy.status_page
        address = link(self._context, secret, Purpose.CONFIRM, subscriber.id)
        lines = [
            f"Somebody, probably you, asked to be told by e-mail of incidents and maintenance of {rules.name}.",
            f"Confirm this address: {address}",
            "If it was not you, do nothing: you are told nothing, and the address is forgotten within a week.",
        ]
        key = f"subscribe.{subscriber.id}.{subscriber.asked}"
        return _mail_of(subscriber, f"Confirm your subscription to {rules.name}", lines, key, "")

    def _update(self, subscriber: Subscriber, publication: Publication, reference: str, secret: str) -> Mail:
        update, corrects = referred_update(publication, reference)
        rules = self._context.policy.status_page
        leave = link(self._context, secret, Purpose.UNSUBSCRIBE, subscriber.id)
        at = update.at.astimezone(ZoneInfo(rules.timezone))
        lines = [
            *([f"This corrects what we wrote on {at:%Y-%m-%d at %H:%M %Z}."] if corrects else []),
            *update.message.split("\n\n"),
            *_facts(publication, update, rules),
            publication_link(self._context, secret, publication.id),
            f"You get this because you subscribed to {rules.name}. Unsubscribe: {leave}",
        ]
        subject = f"[{rules.name}] {reference_label(update, reference)}: {publication.title}"
        mail = _mail_of(
            subscriber, subject, lines, _key(publication, reference, subscriber), leave, f"status.{publication.id}"
        )
        return replace(mail, answers=_key(publication, update.id, subscriber)) if corrects else mail


def _key(publication: Publication, reference: str, subscriber: Subscriber) -> str:
    """The ID of the mail about an update to a subscriber."""
    about = f"{publication.id}:{reference}:{subscriber.id}"
    return f"status.{hashlib.sha256(about.encode()).hexdigest()[:24]}"


def _facts(publication: Publication, update: PublicUpdate, rules: StatusPageRules) -> list[str]:
    facts = [f"Impact: {publication.impact}"] if publication.impact and not publication.ended else []
    affected = [component for component in rules.components if component.key in update.components]
    if update.status is PublicStatus.SCHEDULED:
        facts += [f"Affects: {', '.join(component.name for component in affected)}"] if affected else []
    else:
        facts += [f"{component.name}: {update.components[component.key].label.lower()}" for component in affected]
    if planned := planned_text(publication, ZoneInfo(rules.timezone)):
        facts.append(f"Planned: {planned}")
    return ["\n".join(facts)] if facts else []


def _mail_of(
    subscriber: Subscriber, subject: str, lines: list[str], key: str, leave: str, thread: str = "subscriptions"
) -> Mail:
    marked = "".join(f"<p>{_link_address(line)}</p>" for line in lines)
    return Mail(
        subscriber.address, subject, "\n\n".join(lines), marked, key, thread, unsubscribe_url=leave or None
    )  # fmt: skip


def _link_address(line: str) -> str:
    """The line as HTML, with an address at its end as a link."""
    label, _, last = line.rpartition(" ")
    if last.startswith(("https://", "http://")) and "\n" not in last:
        target = html.escape(last)
        return f'{html.escape(label)} <a href="{target}">{target}</a>'
    return html.escape(line).replace("\n", "<br>")
