"""Checks the token with which a monitoring system proves who it is: a bearer token, or a password."""

from __future__ import annotations

import base64

from bot.web.one_of import is_one_of


def accepted(header: str, tokens: str) -> bool:
    """Whether an `Authorization` header has one of the tokens, which are separated by commas.

    The time it takes says nothing about the tokens. `Bearer` and the password of `Basic` are taken; the user's name of
    `Basic` is not looked at.
    """
    return is_one_of(_given(header), tokens)


def _given(header: str) -> str:
    scheme, _, value = header.strip().partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    if scheme.lower() != "basic":
        return ""
    try:
        decoded = base64.b64decode(value.strip(), validate=True).decode("utf-8", "replace")
    except ValueError:
        return ""
    return decoded.partition(":")[2]
