"""Parses the people whom a command names, such as `@maya` in `/incident invite @maya`.

Slack sends an ID with a mention that was picked from its list. A name that was only typed is looked up afterwards.
"""

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

SAY_WHO = "Say who: type @ and pick the person from the list."
MOST_NAMES = 10  # typed in one command
# People one after the other: `@maya, @tom and @lena`.
_MENTIONS = re.compile(rf"{MENTION.pattern}(?:(?:\s|,|&|\+|(?i:and)\b)*{MENTION.pattern})*")
_BETWEEN_PEOPLE = re.compile(r"(?:\s|,|;|&|\+|\band\b|\bplease\b|\bto\b)+", re.IGNORECASE)
_AROUND = " \t\n,.;:!?\"'“”()"


def one_person(context: ParseContext) -> Request:
    """Parse one person; without one, the asker is meant, as with the button."""
    if not context.rest and context.asker:
        return Request(context.verb.name, users=(context.asker,))
    users = text.mentions_in(context.rest)
    if len(users) > 1:
        raise ArgumentError("One person at a time. Name just one.")
    if users:
        return Request(context.verb.name, users=users)
    name = typed_name(re.sub(r"\bplease\b", " ", context.rest, flags=re.IGNORECASE), context)
    if name == "me" and context.asker:
        return Request(context.verb.name, users=(context.asker,))
    return Request(context.verb.name, names=(name,), unmatched=nobody_called(context.rest))


def several_people(context: ParseContext) -> Request:
    """Parse at least one person."""
    users = text.mentions_in(context.rest)
    pieces = _BETWEEN_PEOPLE.split(text.without_mentions(context.rest))
    names = tuple(dict.fromkeys(typed_name(piece, context) for piece in pieces if piece.strip(_AROUND)))
    if "me" in names and context.asker:
        users, names = (*users, context.asker), tuple(name for name in names if name != "me")
    if not users and not names:
        raise ArgumentError(SAY_WHO)
    if len(names) > MOST_NAMES:
        raise ArgumentError(SAY_WHO)
    return Request(context.verb.name, users=users, names=names, unmatched=nobody_called(context.rest) if names else "")


def page(context: ParseContext) -> Request:
    """Parse people or a schedule, then a reason; a mention inside the reason is part of the reason."""
    if match := _MENTIONS.match(context.rest):
        reason = without_because(context.rest[match.end() :].lstrip(_AROUND))
        return Request(context.verb.name, users=text.mentions_in(match[0]), text=reason)
    target, reason = split_first_word(context.rest)
    if not target:
        raise ArgumentError("Whom? Type @ and pick the person from the list, or name a schedule.")
    name = typed_name(target, context)
    reason = without_because(reason)
    if name == "me" and context.asker:
        return Request(context.verb.name, users=(context.asker,), text=reason)
    unmatched = nobody_called(target)
    if not target.startswith("@"):
        try:
            return Request(context.verb.name, schedule=find_schedule(name, context.policy), text=reason)
        except ArgumentError as error:
            unmatched = str(error) if context.policy.schedules else nobody_called(f"@{name}")
    return Request(context.verb.name, names=(name,), text=reason, unmatched=unmatched)


def typed_name(typed: str, context: ParseContext) -> str:
    """A typed name without `@` and punctuation. Raises `ArgumentError` for a channel, a user group, and for none."""
    name = " ".join(typed.split()).strip(_AROUND)
    if name.startswith("#"):
        raise ArgumentError(f"“{echo(name)}” is a channel. Type @ and pick a person from the list.")
    name = name.lstrip("@")
    if name in context.groups:
        raise ArgumentError(f"“@{echo(name)}” is a user group. Name its people one by one: type @ and pick them.")
    if not name:
        raise ArgumentError(SAY_WHO)
    return name


def nobody_called(typed: str) -> str:
    """The answer if nobody has the name: to ask again is better than to page or appoint the wrong person."""
    names = [word.strip(_AROUND) for word in typed.split() if word.startswith("@")]
    if not names:
        return SAY_WHO
    name = echo(names[0].lstrip("@"))
    return f"I can't tell who “@{name}” is. Type @ and pick the person from the list, so Slack sends their ID."
