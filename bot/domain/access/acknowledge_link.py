"""Signs and reads the links with which a paged person acknowledges an incident without Slack."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

VALID_FOR = timedelta(hours=12)
_SHORTEST_MAC = 22  # 128 bits in base64


@dataclass(frozen=True, slots=True)
class AcknowledgeLink:
    """A link with which one person acknowledges one incident."""

    incident: int
    person: str  # a Slack ID, or an e-mail address
    expires_at: datetime
    page: str  # names the page, so that each has a link of its own


def page_name(page_key: str) -> str:
    """The name of a page in its link: the same at each attempt to send it."""
    return hashlib.sha256(page_key.encode()).hexdigest()[:10]


def sign(link: AcknowledgeLink, secret: str) -> str:
    """The signed token of the link, which ends its address."""
    person = base64.urlsafe_b64encode(link.person.encode()).decode().rstrip("=")
    body = f"{link.incident}.{person}.{int(link.expires_at.timestamp())}.{link.page}"
    return f"{body}.{_mac(body, secret)}"


def read(token: str, secret: str) -> AcknowledgeLink | None:
    """The link of a token, even of an expired one; None if the signature is not ours."""
    body, _, mac = token.rpartition(".")
    if not hmac.compare_digest(mac.encode("utf-8", "replace"), _mac(body, secret).encode()):
        return None
    try:
        incident, person, expires, page = body.split(".")
        name = base64.urlsafe_b64decode(person + "=" * (-len(person) % 4)).decode()
        return AcknowledgeLink(int(incident), name, datetime.fromtimestamp(int(expires), UTC), page)
    except (ValueError, binascii.Error, OverflowError, OSError):
        return None


def _mac(body: str, secret: str) -> str:
    digest = hmac.new(secret.encode(), body.encode("utf-8", "replace"), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).decode()[:_SHORTEST_MAC]
