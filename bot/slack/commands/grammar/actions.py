"""Parses action items in a command: a title with its owner, due day and priority in any order, and lists of them."""

from __future__ import annotations

import re

from bot.domain.actions.item import Priority
from bot.domain.values.dates import DayExpression, parse_day
from bot.slack import text
from bot.slack.commands.grammar.base import INCIDENT_ID, ArgumentError, ParseContext, echo
from bot.slack.commands.grammar.people import nobody_called
from bot.slack.commands.request import Request

SCOPES = ("mine", "overdue", "all", "checklists")
LONGEST_DAY = 4  # words
_PRIORITY = re.compile(r"(?<![\w-])\(?[pP]([0-3])\)?(?![\w-])")
_TYPED_NAME = re.compile(r"(?<![\w.])@([A-Za-z][\w.-]*)")
_DUE = re.compile(r"(?<![\w-])(?:by|due|until|before)\s+", re.IGNORECASE)
_DATE = re.compile(r"(?<![\w-])(?:by|due|until|before)\s+(\d{4}-\d{1,2}-\d{1,2})\b", re.IGNORECASE)
_SEPARATORS = " \t\n,;:–—-"


def action(context: ParseContext) -> Request:
    """Parse a title with `@owner`, `by <day>` and `P0` to `P3`. Without words, a form asks for them."""
    if not context.rest:
        return Request(context.verb.name)
    users = text.mentions_in(context.rest)
    if len(users) > 1:
        raise ArgumentError("One owner for an action item. Name just one person.")
    rest = text.without_mentions(context.rest)
    names = [match for match in _TYPED_NAME.findall(rest) if match not in context.groups] if not users else []
    if len(names) > 1:
        raise ArgumentError("One owner for an action item. Name just one person.")
    if names:
        rest = _TYPED_NAME.sub(" ", rest)
    if names == ["me"] and context.asker:
        users, names = (context.asker,), []
    rest, priority = _split_priority(rest)
    title, day = _split_day(rest)
    if day is None and (problem := _DATE.search(title)):
        raise ArgumentError(f"{problem[1]} is no day of the calendar. Write it as 2026-12-04, friday, or in 3 days.")
    if not title:
        raise ArgumentError("What is to be done? Write it, then who does it and by when.")
    return Request(
        context.verb.name,
        text=title,
        users=users,
        names=tuple(names),
        unmatched=nobody_called(f"@{names[0]}") if names else "",
        priority=priority,
        day=day,
    )


def action_list(context: ParseContext) -> Request:
    """Parse `mine`, `overdue`, `all` or an incident ID; without one, the channel's incident is meant."""
    word = re.sub(r"^checklist$", "checklists", context.rest.lower())
    if match := INCIDENT_ID.fullmatch(context.rest):
        return Request(context.verb.name, int(match[1]))
    if word and word not in SCOPES:
        raise ArgumentError(
            f"“{echo(context.rest)}” is not a list of action items. Add mine, overdue or all, or nothing."
        )
    return Request(context.verb.name, scope=word)


def _split_priority(rest: str) -> tuple[str, Priority | None]:
    """The text without its last priority, and the priority."""
    matches = list(_PRIORITY.finditer(rest))
    if not matches:
        return rest, None
    last = matches[-1]
    return f"{rest[: last.start()]} {rest[last.end() :]}", Priority(f"P{last[1]}")


def _split_day(rest: str) -> tuple[str, DayExpression | None]:
    """The text without its last `by <day>`, and the day. “by” before other words is part of the text."""
    for match in reversed(list(_DUE.finditer(rest))):
        words = rest[match.end() :].split()
        for count in range(min(LONGEST_DAY, len(words)), 0, -1):
            if (day := parse_day(" ".join(words[:count]).strip(".,;"))) is not None:
                return _tidy(f"{rest[: match.start()]} {' '.join(words[count:])}"), day
    return _tidy(rest), None


def _tidy(title: str) -> str:
    return " ".join(title.split()).strip(_SEPARATORS)
