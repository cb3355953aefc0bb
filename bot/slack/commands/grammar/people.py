"""Parses the people whom a command mentions, such as `@maya` in `/incident invite @maya`."""

from __future__ import annotations

import re

from bot.domain.values.slack_ids import MENTION
from bot.slack import text
from bot.slack.commands.grammar.base import (
    ArgumentError,
    ParseContext,
    echo,
    split_first_word,
    without_because,
)
from bot.slack.commands.grammar.schedule import find_schedule
from bot.slack.commands.request import Request

# People one after the other: `@maya, @tom and @lena`.
_MENTIONS = re.compile(rf"{MENTION.pattern}(?:(?:\s|,|&|\+|(?i:and)\b)*{MENTION.pattern})*")
_TYPED_NAME = re.compile(r"(?:^|[\s,])@(\S+)")


def one_person(context: ParseContext) -> Request:
    """Parse one person; without one, the asker is meant, as with the button."""
    users = _people(context) if context.rest or not context.asker else (context.asker,)
    if len(users) > 1:
        raise ArgumentError("One person at a time. Name just one.")
    return Request(context.verb.name, users=users)


def several_people(context: ParseContext) -> Request:
    """Parse at least one person."""
    return Request(context.verb.name, users=_people(context))


def page(context: ParseContext) -> Request:
    """Parse people or a schedule, then a reason; a mention inside the reason is part of the reason."""
    if match := _MENTIONS.match(context.rest):
        reason = without_because(context.rest[match.end() :])
        return Request(context.verb.name, users=text.mentions_in(match[0]), text=reason)
    target, reason = split_first_word(context.rest)
    refuse_typed_names(target)
    if not target:
        raise ArgumentError("Whom? Type @ and pick the person from the list, or name a schedule.")
    schedule = find_schedule(target, context.policy)
    return Request(context.verb.name, schedule=schedule, text=without_because(reason))


def _people(context: ParseContext) -> tuple[str, ...]:
    users = text.mentions_in(context.rest)
    if not users and context.rest.lower() == "me" and context.asker:
        return (context.asker,)
    refuse_typed_names(text.without_mentions(context.rest))
    if not users:
        raise ArgumentError("Say who: type @ and pick the person from the list.")
    return users


def refuse_typed_names(typed: str) -> None:
    """Refuse `@maya` without an ID from Slack: paging or appointing the wrong person is worse than asking again."""
    if match := _TYPED_NAME.search(typed):
        name = echo(match[1])
        raise ArgumentError(
            f"I can't tell who “@{name}” is. Type @ and pick the person from the list, so Slack sends their ID."
        )
