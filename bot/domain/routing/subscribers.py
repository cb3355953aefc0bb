"""Builds the notices to subscribers of the status page. They belong to no incident."""

from __future__ import annotations

from bot.domain.routing.notice import Notice, NoticeKind, Priority
from bot.domain.routing.payloads import SubscriberPayload

_PRIORITY = Priority.SUBSCRIBERS


def confirmation(subscriber: str, asked: int) -> Notice:
    """Ask an address whether its owner wants the mails. `asked` counts the requests of this subscriber."""
    payload = SubscriberPayload(subscriber).to_json()
    return Notice(f"subscribe:{subscriber}:{asked}", NoticeKind.STATUS_CONFIRM, None, payload, priority=Priority.ANSWER)


def told_by_mail(mailing: str, payload: SubscriberPayload) -> Notice:
    """Tell a subscriber by e-mail of what was published."""
    return Notice(_key(mailing, payload), NoticeKind.STATUS_MAIL, None, payload.to_json(), priority=_PRIORITY)


def told_in_slack(mailing: str, payload: SubscriberPayload) -> Notice:
    """Tell a channel of what was published."""
    return Notice(_key(mailing, payload), NoticeKind.STATUS_CHANNEL, None, payload.to_json(), priority=_PRIORITY)


def _key(mailing: str, payload: SubscriberPayload) -> str:
    return f"status:{mailing}:{payload.subscriber}"
