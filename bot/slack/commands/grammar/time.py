"""Parses a duration in a command, for the verbs `snooze` and `next`."""

from __future__ import annotations

import re

from bot.domain.errors import Refused
from bot.domain.values import durations
from bot.slack.commands.grammar.base import ArgumentError, ParseContext, echo
from bot.slack.commands.request import Request

_LONGEST = 40  # characters
_ENDS = frozenset({"off", "end", "stop", "none", "over", "clear"})


def snooze(context: ParseContext) -> Request:
    """Parse a duration, or `off`. Without words, the answer asks for how long."""
    if not context.rest:
        return Request(context.verb.name)
    if context.rest.lower() in _ENDS:
        return Request(context.verb.name, clear=True)
    return duration(context)


def duration(context: ParseContext) -> Request:
    """Parse a duration, with or without `for` or `in` before it."""
    typed = re.sub(r"^(?:for|in)\s+", "", context.rest, flags=re.IGNORECASE)
    if not typed:
        raise ArgumentError("For how long? Write 15m, 2h or 1d.")
    if len(typed) > _LONGEST:
        raise ArgumentError(f"I don't understand the duration “{echo(typed)}”. Write 15m, 2h or 1d.")
    try:
        return Request(context.verb.name, span=durations.parse_duration(typed))
    except Refused as refused:
        raise ArgumentError(refused.message) from None
