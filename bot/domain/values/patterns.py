"""Regular expressions that operators write, held against what people type: in linear time, so that nobody waits.

Python's own would try `(a+)+` against forty letters for years, and the whole bot with it. The standard library has
nothing for this, so here alone the domain takes something else: RE2.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import re2

LARGEST = 256 * 1024  # bytes of a compiled pattern: then the longest argument takes a tenth of a second at most
_AROUND = "Looking around, as (?=…) does, and references such as \\1 are not to be had."
_LARGE = "It says more than fits: repeat 1000 times at most, and not within each other."
_HINTS = {
    "invalid perl operator": _AROUND,
    "invalid escape sequence": _AROUND,
    "invalid repetition size": _LARGE,
    "pattern too large": _LARGE,
}


def matches_fully(pattern: str, text: str) -> bool:
    """Whether the whole of `text` matches. To a pattern that cannot be used nothing does."""
    try:
        return _compiled(pattern).fullmatch(text) is not None
    except (re2.error, UnicodeEncodeError):
        return False


def pattern_error(pattern: str) -> str | None:
    """Why a pattern cannot be used, in words; None where it can."""
    try:
        _compiled(pattern)
    except UnicodeEncodeError:
        return "It holds half a character."
    except re2.error as error:
        said = error.args[0].decode("utf-8", "replace")
        hint = next((hint for start, hint in _HINTS.items() if said.startswith(start)), "")
        return f"{said[:1].upper()}{said[1:200]}. {hint}".rstrip()
    return None


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> Any:
    options = re2.Options()
    options.log_errors = False
    options.max_mem = LARGEST
    return re2.compile(pattern, options)
