"""Builds the notices to subscribers of the status page. They belong to no incident."""

from __future__ import annotations

from bot.domain.routing.notice import Notice, NoticeKind, Priority
from bot.domain.routing.payloads import CopyPayload, SubscriberPayload
from bot.domain.statuspage.publication import Publication
from bot.domain.statuspage.subscriber import Subscriber, SubscriberKind

_PRIORITY = Priority.SUBSCRIBERS


def confirmation(subscriber: Subscriber) -> Notice:
    """Ask an address whether its owner wants the messages, once for each request."""
    key, payload = f"subscribe:{subscriber.id}:{subscriber.asked}", SubscriberPayload(subscriber.id).to_json()
    if subscriber.kind is SubscriberKind.WEBHOOK:
        return Notice(key, NoticeKind.STATUS_WEBHOOK, None, payload, priority=Priority.ANSWER)
    return Notice(key, NoticeKind.STATUS_CONFIRM, None, payload, priority=Priority.ANSWER)


def publication_notice(kind: SubscriberKind, mailing: str, payload: SubscriberPayload) -> Notice:
    """Tell a subscriber of what was published."""
    key, values = f"status:{mailing}:{payload.subscriber}", payload.to_json()
    match kind:
        case SubscriberKind.EMAIL:
            return Notice(key, NoticeKind.STATUS_MAIL, None, values, priority=_PRIORITY)
        case SubscriberKind.SLACK:
            return Notice(key, NoticeKind.STATUS_CHANNEL, None, values, priority=_PRIORITY)
        case SubscriberKind.WEBHOOK:
            return Notice(key, NoticeKind.STATUS_WEBHOOK, None, values, priority=_PRIORITY)


def copy_update(publication: Publication) -> Notice:
    """Bring the copy of a publication elsewhere up to date; several changes collapse into one notice."""
    key, payload = f"statuspage:{publication.id}", CopyPayload(publication.id).to_json()
    return Notice(key, NoticeKind.STATUSPAGE_COPY, publication.incident, payload, resend=True)
