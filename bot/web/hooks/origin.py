"""Says how a sender proves who it is: by the token, or by a signature over the body."""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from bot.web.hooks.token import accepted

Headers = Mapping[str, str]  # in any case
IN_WORDS = "Authorization: Bearer <TOCSIN_HOOK_TOKEN>, or the token as the password of basic authentication"
# The operator chooses this name; docs/integrations/grafana.md asks for this one.
GRAFANA_TIMESTAMP = "X-Grafana-Alerting-Timestamp"
FRESH_FOR_S = 300.0


@dataclass(frozen=True, slots=True)
class Origin:
    """The proofs that an endpoint accepts: one is enough."""

    expected: str  # in words, for the one who is refused
    by_header: Callable[[Headers], bool]
    by_body: Callable[[Headers, bytes], Awaitable[bool]] | None = None


def token(tokens: Callable[[], str]) -> Origin:
    """The token alone."""
    return Origin(IN_WORDS, lambda headers: accepted(headers.get("Authorization", ""), tokens()))


def grafana(tokens: Callable[[], str], secrets: Callable[[], str]) -> Origin:
    """The token, or Grafana's signature over the body, with the time before it where a header tells the time."""

    async def by_body(headers: Headers, body: bytes) -> bool:
        said_at = headers.get(GRAFANA_TIMESTAMP)
        if said_at is not None and not _is_fresh(said_at):
            return False
        signed = body if said_at is None else f"{said_at}:".encode() + body
        return signed_by(secrets(), signed, headers.get("X-Grafana-Alerting-Signature", ""))

    expected = f"{IN_WORDS}; or X-Grafana-Alerting-Signature with GRAFANA_HMAC_SECRET"
    return Origin(expected, token(tokens).by_header, by_body)


def sentry(secrets: Callable[[], str]) -> Origin:
    """Sentry's signature over the body."""

    async def by_body(headers: Headers, body: bytes) -> bool:
        return signed_by(secrets(), body, headers.get("Sentry-Hook-Signature", ""))

    return Origin("Sentry-Hook-Signature with SENTRY_CLIENT_SECRET", lambda headers: False, by_body)


def signed_by(secrets: str, body: bytes, signature: str) -> bool:
    """Whether a signature is the hexadecimal HMAC-SHA256 of the body with one of the secrets, or with all as one.

    Several are separated by commas while one is replaced.
    """
    candidates = {secrets, *(part.strip() for part in secrets.split(","))} - {""}
    signature_bytes = signature.strip().lower().encode("utf-8", "replace")
    digests = [hmac.new(secret.encode(), body, hashlib.sha256).hexdigest().encode() for secret in sorted(candidates)]
    return True in [hmac.compare_digest(digest, signature_bytes) for digest in digests]


def _is_fresh(said_at: str) -> bool:
    return said_at.isascii() and said_at.isdigit() and abs(time.time() - int(said_at[:12])) <= FRESH_FOR_S
