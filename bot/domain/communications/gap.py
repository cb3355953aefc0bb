"""Defines a gap: a value that a template needs and the record lacks. A person fills it in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

NOT_KNOWN = "not known yet"
_GAP = re.compile(r"\[fill in: ([^\]\n]{1,200})\]")


@dataclass(frozen=True, slots=True)
class Gap:
    """Stands in for an unknown value. It renders as `[fill in: …]`, also as the one item of a list."""

    what: str

    def __str__(self) -> str:
        return f"[fill in: {self.what}]"

    def __iter__(self) -> Iterator[Gap]:
        return iter((self,))


def gaps_in(text: str) -> list[str]:
    """The gaps of a text, each once."""
    return list(dict.fromkeys(_GAP.findall(text)))


def without_gaps(text: str) -> str:
    """The text with “not known yet” in place of each gap, for messages to people inside."""
    return _GAP.sub(NOT_KNOWN, text)
