"""Puts names and other texts on one line."""

from __future__ import annotations

import re

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


def one_line(text: str) -> str:
    """The text on one line: line breaks and other control characters become spaces, runs of spaces become one."""
    return " ".join(_CONTROL.sub(" ", text).split())
