"""Puts names and other texts on one line."""

from __future__ import annotations

import re

# C0 and C1 controls, other line breaks, marks that change the direction of text, and lone surrogates.
_TO_A_TERMINAL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


def one_line(text: str) -> str:
    """The text on one line: line breaks and other control characters become spaces, runs of spaces become one."""
    return " ".join(_CONTROL.sub(" ", text).split())


def escape_controls(text: str, keep: str = "") -> str:
    """The text with every character escaped that could control a terminal or begin a line; those in `keep` stay."""
    return _TO_A_TERMINAL.sub(lambda match: match[0] if match[0] in keep else repr(match[0])[1:-1], text)


def escape_controls_in_json(text: str) -> str:
    """JSON with the same characters escaped as JSON does it, line breaks between its parts excepted."""
    return _TO_A_TERMINAL.sub(lambda match: match[0] if match[0] == "\n" else f"\\u{ord(match[0]):04x}", text)
