"""Matches regular expressions that operators wrote in the policy or a playbook, in linear time by RE2.

Python's `re` would backtrack for years on `(a+)+` and forty letters, and block the whole bot. The standard library has
no matching in linear time, so this is the one place where the domain uses another package.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import re2

LARGEST = 256 * 1024  # bytes of a compiled pattern; the longest argument then takes at most a tenth of a second
_AROUND = "Lookarounds such as (?=…) and references such as \\1 are not supported."
_LARGE = "It is too large: repeat at most 1000 times, and do not nest repetitions."
_HINTS = {
    "invalid perl operator": _AROUND,
    "invalid escape sequence": _AROUND,
    "invalid repetition size": _LARGE,
    "pattern too large": _LARGE,
}


def matches_fully(pattern: str, text: str) -> bool:
    """Whether the whole of `text` matches. False for an invalid pattern."""
    try:
        return _compile(pattern).fullmatch(text) is not None
    except (re2.error, UnicodeEncodeError):
        return False


def pattern_error(pattern: str) -> str | None:
    """Why a pattern is invalid, for people. None if it is valid."""
    try:
        _compile(pattern)
    except UnicodeEncodeError:
        return "It contains half a character."
    except re2.error as error:
        message = error.args[0].decode("utf-8", "replace")
        hint = next((hint for start, hint in _HINTS.items() if message.startswith(start)), "")
        return f"{message[:1].upper()}{message[1:200]}. {hint}".rstrip()
    return None


@lru_cache(maxsize=1024)
def _compile(pattern: str) -> Any:
    options = re2.Options()
    options.log_errors = False
    options.max_mem = LARGEST
    return re2.compile(pattern, options)
