"""Parses the arguments of `metrics`: the period, the incidents to count, and how to split the figures."""

from __future__ import annotations

import re
from datetime import date, timedelta

from bot.domain.errors import Refused
from bot.domain.figures.selection import BY, Selection
from bot.domain.policy.policy import Policy, fold_name
from bot.domain.policy.severity_names import severity_names
from bot.domain.policy.teams import no_team
from bot.domain.values.durations import parse_duration
from bot.slack.commands.grammar.base import ArgumentError, ParseContext, echo
from bot.slack.commands.request import Request

LOAD = "load"  # the pages of the asker and of the people whom they lead
DEFAULT = timedelta(days=30)
_FILLERS = frozenset({"by", "from", "to", "until", "and", "since", "last", "of", "for"})
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_SPAN = re.compile(r"\d+(\.\d+)?[a-z]+")


def metrics(context: ParseContext) -> Request:
    """Parse a span or two days, and `BY` words, in any order.

    A word of `BY` splits; with a name behind it, as in `service payments`, only those incidents count.
    """
    span, current_by = None, ""
    days: list[date] = []
    values: dict[str, list[str]] = {}
    words = [word for word in context.rest.split() if word.lower() not in _FILLERS]
    load = any(word.lower() == LOAD for word in words)
    for word in words:
        small = word.lower()
        if small == LOAD:
            continue
        if by := _by(small):
            current_by = by
            values.setdefault(by, [])
        elif _DAY.fullmatch(small):
            days.append(_day(small))
        elif (
            _SPAN.fullmatch(small)
            and span is None
            and not (current_by and fold_name(small) in _names(current_by, context.policy))
        ):
            span = _span(small)
        elif current_by:
            values[current_by].append(word)
        elif fold_name(word) in _names("severity", context.policy):
            values["severity"] = [word]
        else:
            raise _unknown(word)
    if len(days) not in (0, 2) or (days and span):
        raise ArgumentError("Write a span such as 90d, or the first and the last day: 2026-01-01 2026-03-31.")
    if days and days[1] < days[0]:
        raise ArgumentError("The first day comes first: 2026-01-01 2026-03-31.")
    split = LOAD if load else next((by for by, words in values.items() if not words), "severity")
    criteria = {by: _value(by, " ".join(words), context.policy) for by, words in values.items() if words}
    return Request(
        context.verb.name,
        scope=split,
        selection=Selection(**criteria),
        span=span or (None if days else DEFAULT),
        days=(days[0], days[1]) if days else None,
    )


def _by(word: str) -> str | None:
    """The way to split that the word names, in the singular or plural."""
    single = word.removesuffix("ies") + "y" if word.endswith("ies") else word.removesuffix("s")
    return next((by for by in BY if by in (word, single)), None)


def _names(by: str, policy: Policy) -> dict[str, str]:
    """The policy's keys, by folded key and name, and by the short forms of severities."""
    if by == "severity":
        return severity_names(policy)
    if by == "service":
        pairs = [(service.key, service.name) for service in policy.services.values()]
    elif by == "team":
        pairs = [(team.key, team.name) for team in policy.teams.values()]
    else:
        pairs = [(key, key) for key in policy.categories]
    return {fold_name(name): key for key, *names in pairs for name in (key, *names) if name}


def _value(by: str, typed: str, policy: Policy) -> str:
    """The key that the typed text means. Services and categories may be free text, teams not."""
    key = _names(by, policy).get(fold_name(typed))
    if key is None and by == "severity":
        levels = ", ".join(level.key for level in policy.severities)
        raise ArgumentError(f"There is no severity “{echo(typed)}”. There are {levels}.")
    if key is None and by == "team":
        raise ArgumentError(no_team(echo(typed), policy))
    return key or typed


def _day(word: str) -> date:
    try:
        return date.fromisoformat(word)
    except ValueError:
        raise ArgumentError(f"There is no day “{echo(word)}”. Write it as 2026-01-31.") from None


def _span(word: str) -> timedelta:
    try:
        return parse_duration(word)
    except Refused:
        raise _unknown(word) from None


def _unknown(word: str) -> ArgumentError:
    return ArgumentError(
        f"“{echo(word)}” is not a period. Write 30d, 90d or two days, then severity, service, category or team, "
        "with a name to count only those: service payments."
    )
