"""Defines a subscriber of the status page, and the signed links with which an address is confirmed or removed."""

from __future__ import annotations

import base64
import hmac
import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from urllib.parse import urlsplit, urlunsplit

from bot.domain.errors import Refused

ASKED_AGAIN_AFTER = timedelta(hours=1)  # a person's address gets at most one mail that asks in this time
ASKED_AGAIN_WITHIN = timedelta(days=1)  # the time doubles with each mail, up to this
UNANSWERED_AT_MOST = 5  # mails that ask an address that never confirms, until it is forgotten
ASKED_AT_MOST, ASKED_WITHIN = 100, timedelta(minutes=1)  # addresses, of all people together
SIBLINGS_AT_MOST = 3  # addresses of one host, or of one mailbox, that are asked within `ASKED_AGAIN_AFTER`
LONGEST_URL = 1000
PENDING_FOR = timedelta(days=7)  # an address that nobody confirms is forgotten
_ADDRESS = re.compile(r"[^@\s<>,;:\"\\()\[\]\x00-\x1f\x7f]{1,64}@[^@\s<>,;:\"\\()\[\]\x00-\x1f\x7f]{1,190}")

_HOST = re.compile(r"[a-z0-9._:-]{1,253}")
_URL_TEXT = re.compile(r"[\x21-\x7e]+")
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_NO_URL = "That is not an address to post to. Write one such as https://example.com/incidents."


class SubscriberKind(StrEnum):
    """The ways to reach a subscriber. The values are stored."""

    EMAIL = "email"
    SLACK = "slack"  # a channel
    WEBHOOK = "webhook"  # an address that takes POST


class Purpose(StrEnum):
    """The action of a signed link. The values are part of the signature."""

    CONFIRM = "confirm"
    UNSUBSCRIBE = "unsubscribe"


@dataclass(frozen=True, slots=True)
class Subscriber:
    """Somebody who is told of publications. Without `components` of all."""

    id: str
    kind: SubscriberKind
    address: str  # a mail address in lower case, the ID of a channel, or a web address
    created_at: datetime
    components: tuple[str, ...] = ()
    wanted: tuple[str, ...] = ()  # the components that hold once the address is confirmed
    confirmed_at: datetime | None = None
    asked_at: datetime | None = None  # when the last mail that asks was queued
    asked: int = 0  # how many were

    def may_be_asked(self, now: datetime) -> bool:
        """Whether another message may ask to confirm: others may have typed in the address of a stranger."""
        if self.asked_at is None or self.asked == 0:
            return True
        if not self.active and self.asked >= UNANSWERED_AT_MOST:
            return False
        return now >= self.asked_at + min(ASKED_AGAIN_AFTER * (1 << min(self.asked - 1, 10)), ASKED_AGAIN_WITHIN)

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
    # `=?` begins an encoded word of a mail's header, which may hide a line break (RFC 2047).
    if not _ADDRESS.fullmatch(address) or "=?" in address or "." not in address.rpartition("@")[2]:
        raise Refused("That is not an e-mail address. Write one such as ada@example.com.")
    return address


def web_address(text: str, *, loopback: bool) -> str:
    """The web address of a receiver. Raises `Refused` if it is none. `loopback`: this machine, without TLS, is one."""
    try:
        parts = urlsplit(text.strip())
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        raise Refused(_NO_URL) from None
    plain = loopback and parts.scheme == "http" and host in _LOOPBACK
    usable = (parts.scheme == "https" or plain) and _HOST.fullmatch(host) and parts.username is parts.password is None
    if not usable or len(text) > LONGEST_URL or not _URL_TEXT.fullmatch(text.strip()):
        raise Refused(_NO_URL)
    host = f"[{host}]" if ":" in host else host
    host_and_port = host if port is None else f"{host}:{port}"
    return urlunsplit((parts.scheme, host_and_port, parts.path or "/", parts.query, ""))


def siblings(kind: SubscriberKind, address: str) -> tuple[str, str] | None:
    """The first address, and the first after the last one, of those that reach the same people; None: there are none.

    `ada+news@example.com` reaches Ada as `ada+more@example.com` does, and each path of a host its operator.
    """
    if kind is SubscriberKind.WEBHOOK:
        parts = urlsplit(address)
        start = f"{parts.scheme}://{parts.netloc}/"
        return start, start[:-1] + "0"  # the character after the slash
    local, plus, _ = address.partition("@")[0].partition("+")
    return (f"{local}+", f"{local},") if plus else None


def signing_key(secret: str, subscriber: str) -> str:
    """The secret that signs the messages to a webhook. Its receiver gets the secret in the first message."""
    digest = hmac.new(secret.encode(), f"webhook:{subscriber}".encode(), "sha256").digest()
    return "whsec_" + base64.b64encode(digest).decode()


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
