"""Defines a subscriber of the status page, and the signed links with which an address is confirmed or removed."""

from __future__ import annotations

import hmac
import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain.errors import Refused

ASKED_AGAIN_AFTER = timedelta(hours=1)  # a person's address gets at most one mail that asks in this time
ASKED_AT_MOST, ASKED_WITHIN = 100, timedelta(minutes=1)  # addresses, whoever asks
PENDING_FOR = timedelta(days=7)  # an address that nobody confirms is forgotten
_ADDRESS = re.compile(r"[^@\s<>,;:\"\\()\[\]\x00-\x1f\x7f]{1,64}@[^@\s<>,;:\"\\()\[\]\x00-\x1f\x7f]{1,190}")


class SubscriberKind(StrEnum):
    """How a subscriber is told. The values are stored."""

    EMAIL = "email"
    SLACK = "slack"  # a channel


class Purpose(StrEnum):
    """What a signed link does. The values are part of the signature."""

    CONFIRM = "confirm"
    UNSUBSCRIBE = "unsubscribe"


@dataclass(frozen=True, slots=True)
class Subscriber:
    """Somebody who is told of publications. Without `components` of all."""

    id: str
    kind: SubscriberKind
    address: str  # a mail address in lower case, or the ID of a channel
    created_at: datetime
    components: tuple[str, ...] = ()
    wanted: tuple[str, ...] = ()  # the components that hold once the address is confirmed
    confirmed_at: datetime | None = None
    asked_at: datetime | None = None  # when the last mail that asks was queued
    asked: int = 0  # how many were

    @property
    def active(self) -> bool:
        """Whether it is told of publications."""
        return self.confirmed_at is not None

    def wants(self, components: Collection[str]) -> bool:
        """Whether it is told of a publication about these components. One about none concerns everybody."""
        return not self.components or not components or not set(self.components).isdisjoint(components)


def mail_address(text: str) -> str:
    """The address in lower case. Raises `Refused` if it is none."""
    address = text.strip().lower()
    if not _ADDRESS.fullmatch(address) or "." not in address.rpartition("@")[2]:
        raise Refused("That is not an e-mail address. Write one such as ada@example.com.")
    return address


def token(secret: str, purpose: Purpose, subscriber: str) -> str:
    """The part of a link that proves that we made it. It stays valid for ever."""
    return f"{subscriber}.{_signature(secret, purpose, subscriber)}"


def subscriber_of(secret: str, purpose: Purpose, text: str) -> str | None:
    """The ID in a token; None if we did not make it for this purpose."""
    subscriber, _, signature = text.partition(".")
    expected = _signature(secret, purpose, subscriber)
    return subscriber if hmac.compare_digest(signature.encode("utf-8", "replace"), expected.encode()) else None


def _signature(secret: str, purpose: Purpose, subscriber: str) -> str:
    return hmac.new(secret.encode(), f"{purpose}:{subscriber}".encode("utf-8", "replace"), "sha256").hexdigest()[:40]
