"""Checks the token of a monitoring system: a bearer token, or the password of basic authentication."""

from __future__ import annotations

import base64

from bot.web.one_of import is_one_of


def is_accepted(header: str, tokens: str) -> bool:
    """Whether an `Authorization` header has one of the tokens, which are separated by commas.

    Takes constant time. The user's name of `Basic` is ignored.
    """
    return is_one_of(_token_in(header), tokens)


def _token_in(header: str) -> str:
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
