"""Defines a gap: what a template asks for and the record does not have. A person fills it in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

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
    """What a text still asks to fill in."""
    return list(dict.fromkeys(_GAP.findall(text)))


def without_gaps(text: str) -> str:
    """The text of a message that the bot sends by itself: what is not known is said to be so."""
    return _GAP.sub("not known yet", text)
