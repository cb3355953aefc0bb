"""Compares a secret with several, of which one is being replaced."""

from __future__ import annotations

import hmac


def is_one_of(given: str, secrets: str) -> bool:
    """Whether it is one of the secrets, which are separated by commas. The time it takes says nothing about them."""
    candidate = given.encode("utf-8", "replace")
    wanted = [secret.strip().encode() for secret in secrets.split(",") if secret.strip()]
    return True in [hmac.compare_digest(candidate, secret) for secret in wanted]
