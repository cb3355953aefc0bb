"""Compares a secret in constant time with several: two are valid while one replaces the other."""

from __future__ import annotations

import hmac


def is_one_of(candidate: str, secrets: str) -> bool:
    """Whether `candidate` is one of the secrets, which are separated by commas. Takes constant time."""
    candidate_bytes = candidate.encode("utf-8", "replace")
    expected = [secret.strip().encode() for secret in secrets.split(",") if secret.strip()]
    return True in [hmac.compare_digest(candidate_bytes, secret) for secret in expected]
