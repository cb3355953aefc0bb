"""Defines the sessions of the console, and the one-time links that begin one."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain.access.token import Scope

IDLE = timedelta(hours=12)  # without a request, a session ends
LONGEST = timedelta(days=7)
ROTATED_EVERY = timedelta(hours=1)  # the secret of a session in use is replaced
GRACE = timedelta(minutes=5)  # the previous secret still works, for requests under way and for lost responses
LINK_VALID_FOR = timedelta(minutes=15)


class SignIn(StrEnum):
    """The ways to begin a session. The values are persisted."""

    TOKEN = "token"  # noqa: S105 - a word, no secret
    LINK = "link"
    SLACK = "slack"


@dataclass(frozen=True, slots=True)
class Session:
    """A session as it is stored: without its secret, of which only a hash is kept."""

    id: int
    person: str  # a Slack ID, `OPERATOR`, or `API` for the bootstrap token
    scopes: tuple[Scope, ...]
    way: SignIn
    token_hash: str | None  # of the token it began with: it ends when that is revoked
    created_at: datetime
    seen_at: datetime
    rotated_at: datetime  # when it got its present secret
    revoked_at: datetime | None = None

    def is_valid(self, now: datetime) -> bool:
        """Whether the session can be used: it is not revoked, not idle for too long, and not too old."""
        return self.revoked_at is None and now < self.seen_at + IDLE and now < self.created_at + LONGEST


@dataclass(frozen=True, slots=True)
class LoginLink:
    """A link with which a person signs in once."""

    person: str
    scopes: tuple[Scope, ...]
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None = None

    def is_valid(self, now: datetime) -> bool:
        """Whether it can be used."""
        return self.used_at is None and now < self.expires_at


def new_secret() -> str:
    """A random secret of 256 bits."""
    return secrets.token_urlsafe(32)


def hash_of(secret: str) -> str:
    """The hash that is stored. A secret of 256 bits needs neither salt nor stretching."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def sign(purpose: str, value: str, key: str) -> str:
    """The value with a signature for this purpose."""
    return f"{value}.{mac(purpose, value, key)}"


def verify(purpose: str, text: str, key: str) -> str | None:
    """The value of a text that `sign` signed for the same purpose; None for any other."""
    value, _, signature = text.rpartition(".")
    is_genuine = hmac.compare_digest(signature.encode("utf-8", "replace"), mac(purpose, value, key).encode())
    return value if value and is_genuine else None


def mac(purpose: str, value: str, key: str) -> str:
    """The signature of a value for a purpose."""
    message = f"{purpose}:{value}".encode("utf-8", "replace")
    return hmac.new(key.encode(), message, hashlib.sha256).hexdigest()[:43]
