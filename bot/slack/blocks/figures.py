"""Builds the answer to `/incident metrics`: the figures of a period in words."""

from __future__ import annotations

from bot.domain.figures.report import Report
from bot.domain.figures.words import lines
from bot.slack.blocks import elements
from bot.slack.blocks.elements import Message
from bot.slack.text import escape

NOTE = (
    "Times count from the detection. Better and worse are said only where chance rarely does as much, compared "
    "within each severity."
)


def figures(report: Report, by: str) -> Message:
    """The figures, split by severity, service or category."""
    head, *rest = (escape(line) for line in lines(report, by))
    body = "\n".join(f"• {line}" for line in rest)
    return elements.message(head, [elements.section(f"*{head}*"), *elements.sections(body), elements.context(NOTE)])
