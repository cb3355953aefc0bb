"""Builds Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from textwrap import fill

MADE = "<!-- Made by `python -m bot.cli.reference`: change the code, not this page. -->"


def document(title: str, introduction: str, parts: Iterable[str]) -> str:
    """A page with its parts."""
    first = fill(introduction, 120, break_long_words=False, break_on_hyphens=False)
    return "\n\n".join([MADE, f"# {title}", first, *parts]).rstrip() + "\n"


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table."""
    lines = [" | ".join(headings), " | ".join("---" for _ in headings)]
    lines += [" | ".join(cell(text) for text in row) for row in rows]
    return "\n".join(f"| {line} |" for line in lines)


def cell(text: str) -> str:
    """Text in one cell of a table."""
    return " ".join(text.split()).replace("|", "\\|") or "–"


def code(text: str) -> str:
    """Text as code in a line."""
    return f"`{text}`" if text else "–"


def block(language: str, text: str) -> str:
    """A block of code."""
    return f"```{language}\n{text.rstrip()}\n```"
