"""Defines how senders of alerts authenticate: by the token, or by a signature over the body."""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from bot.web.hooks.token import is_accepted

Headers = Mapping[str, str]  # in any case
EXPECTED = "Authorization: Bearer <TOCSIN_HOOK_TOKEN>, or the token as the password of basic authentication"
# The operator chooses this name; docs/integrations/grafana.md asks for this one.
GRAFANA_TIMESTAMP = "X-Grafana-Alerting-Timestamp"
FRESH_FOR_S = 300.0


@dataclass(frozen=True, slots=True)
class Origin:
    """The ways to authenticate that an endpoint accepts; one of them is enough."""

    expected: str  # in words, for a sender that is refused
    by_header: Callable[[Headers], bool]
    by_body: Callable[[Headers, bytes], Awaitable[bool]] | None = None


def by_token(tokens: Callable[[], str]) -> Origin:
    """Accept the token alone."""
    return Origin(EXPECTED, lambda headers: is_accepted(headers.get("Authorization", ""), tokens()))


def grafana(tokens: Callable[[], str], secrets: Callable[[], str]) -> Origin:
    """Accept the token, or Grafana's signature over the body, which a timestamp precedes if a header has one."""

    async def by_body(headers: Headers, body: bytes) -> bool:
        signed_at = headers.get(GRAFANA_TIMESTAMP)
        if signed_at is not None and not _is_fresh(signed_at):
            return False
        signed = body if signed_at is None else f"{signed_at}:".encode() + body
        return is_signed_by(secrets(), signed, headers.get("X-Grafana-Alerting-Signature", ""))

    expected = f"{EXPECTED}; or X-Grafana-Alerting-Signature with GRAFANA_HMAC_SECRET"
    return Origin(expected, by_token(tokens).by_header, by_body)


def sentry(secrets: Callable[[], str]) -> Origin:
    """Accept Sentry's signature over the body."""

    async def by_body(headers: Headers, body: bytes) -> bool:
        return is_signed_by(secrets(), body, headers.get("Sentry-Hook-Signature", ""))

    return Origin("Sentry-Hook-Signature with SENTRY_CLIENT_SECRET", lambda headers: False, by_body)


def is_signed_by(secrets: str, body: bytes, signature: str) -> bool:
    """Whether a signature is the hexadecimal HMAC-SHA256 of the body with one of the secrets, or with all as one.

    Several are separated by commas while one is replaced.
    """
    candidates = {secrets, *(part.strip() for part in secrets.split(","))} - {""}
    signature_bytes = signature.strip().lower().encode("utf-8", "replace")
    digests = [hmac.new(secret.encode(), body, hashlib.sha256).hexdigest().encode() for secret in sorted(candidates)]
    return True in [hmac.compare_digest(digest, signature_bytes) for digest in digests]


def _is_fresh(signed_at: str) -> bool:
    return signed_at.isascii() and signed_at.isdigit() and abs(time.time() - int(signed_at[:12])) <= FRESH_FOR_S
