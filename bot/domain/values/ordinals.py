"""Formats a number as an English ordinal: 1 becomes `1st`, 22 becomes `22nd`."""

from __future__ import annotations


def ordinal(number: int) -> str:
    """The number as an ordinal: `1st`, `2nd`, `11th`."""
    if 10 <= number % 100 <= 20:
        return f"{number}th"
    return f"{number}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th') }"
