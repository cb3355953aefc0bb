"""Parses which period figures are asked for, and by what they are split."""

from __future__ import annotations

import re
from datetime import date, timedelta

from bot.domain.errors import Refused
from bot.domain.figures.words import BY
from bot.domain.values.durations import parse_duration
from bot.slack.commands.grammar.base import ArgumentError, ParseContext, echo
from bot.slack.commands.request import Request

DEFAULT = timedelta(days=30)
_FILLERS = frozenset({"by", "from", "to", "until", "and", "since", "last"})
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def metrics(context: ParseContext) -> Request:
    """Parse a span, or two days as in `2026-01-01 2026-03-31`, and one of `BY`, in any order."""
    by, span = "severity", None
    days: list[date] = []
    for word in context.rest.lower().split():
        if word in _FILLERS:
            continue
        if word.removesuffix("s") in BY or word.replace("ies", "y") in BY:
            by = word.replace("ies", "y").removesuffix("s")
        elif _DAY.fullmatch(word):
            days.append(_day(word))
        elif span is None:
            span = _span(word)
        else:
            raise ArgumentError("One span is enough, such as 30d or 90d.")
    if len(days) not in (0, 2) or (days and span):
        raise ArgumentError("Write a span such as 90d, or the first and the last day: 2026-01-01 2026-03-31.")
    if days and days[1] < days[0]:
        raise ArgumentError("The first day comes first: 2026-01-01 2026-03-31.")
    return Request(
        context.verb.name, scope=by, span=span or (None if days else DEFAULT), days=(days[0], days[1]) if days else None
    )


def _day(word: str) -> date:
    try:
        return date.fromisoformat(word)
    except ValueError:
        raise ArgumentError(f"There is no day “{echo(word)}”. Write it as 2026-01-31.") from None


def _span(word: str) -> timedelta:
    try:
        return parse_duration(word)
    except Refused:
        text = f"“{echo(word)}” is no period. Write 30d, 90d or two days, then severity, service or category."
        raise ArgumentError(text) from None
