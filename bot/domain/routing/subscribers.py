"""Builds the notices to subscribers of the status page. They belong to no incident."""

from __future__ import annotations

from bot.domain.routing.notice import Notice, NoticeKind, Priority
from bot.domain.routing.payloads import SubscriberPayload
from bot.domain.statuspage.subscriber import Subscriber, SubscriberKind

_PRIORITY = Priority.SUBSCRIBERS
_KINDS = {
    SubscriberKind.EMAIL: NoticeKind.STATUS_MAIL,
    SubscriberKind.SLACK: NoticeKind.STATUS_CHANNEL,
    SubscriberKind.WEBHOOK: NoticeKind.STATUS_WEBHOOK,
}


def confirmation(subscriber: Subscriber) -> Notice:
    """Ask an address whether its owner wants the messages, once for each request."""
    payload = SubscriberPayload(subscriber.id).to_json()
    webhook = subscriber.kind is SubscriberKind.WEBHOOK
    kind = NoticeKind.STATUS_WEBHOOK if webhook else NoticeKind.STATUS_CONFIRM
    return Notice(f"subscribe:{subscriber.id}:{subscriber.asked}", kind, None, payload, priority=Priority.ANSWER)


def told(kind: SubscriberKind, mailing: str, payload: SubscriberPayload) -> Notice:
    """Tell a subscriber of what was published."""
    key = f"status:{mailing}:{payload.subscriber}"
    return Notice(key, _KINDS[kind], None, payload.to_json(), priority=_PRIORITY)
