"""Parses free text, fixed words and incident IDs after a verb."""

from __future__ import annotations

import difflib
import re

from bot.slack.commands.flags import number_in_name
from bot.slack.commands.grammar.base import (
    INCIDENT_ID,
    ArgumentError,
    ParseContext,
    echo,
    join_or,
    split_first_word,
)
from bot.slack.commands.request import Request
from bot.slack.commands.verbs import BY_NAME, VERBS

EVERY_VERB = "all"  # after help: the whole list

_INTO = re.compile(r"^(?:in)?(?:to|with)\s+", re.IGNORECASE)


def no_argument(context: ParseContext) -> Request:
    """Accept no argument. An incident ID right after the verb counts as `--in` (`ack INC-42`)."""
    match = INCIDENT_ID.fullmatch(context.rest)
    return Request(context.verb.name, int(match[1])) if match else Request(context.verb.name, text=context.rest)


def optional_text(context: ParseContext) -> Request:
    """Take the rest as free text; it may be empty."""
    return Request(context.verb.name, text=context.rest)


def required_text(context: ParseContext) -> Request:
    """Take the rest as free text. Raises `ArgumentError` if it is empty."""
    if not context.rest:
        placeholder = context.verb.usages[-1].partition("<")[2].partition(">")[0]
        raise ArgumentError(f"Write the {placeholder} after “{context.verb.name}”.")
    return Request(context.verb.name, text=context.rest)


def all_or_key(context: ParseContext) -> Request:
    """Parse `all`; without it, only key entries are meant."""
    scope = context.rest.lower()
    if scope not in ("", "key", "all"):
        raise ArgumentError("Add “all” for everything, or nothing for the key entries.")
    return Request(context.verb.name, scope=scope or "key")


def apply_or_nothing(context: ParseContext) -> Request:
    """Parse `apply`; without it, a preview is meant."""
    if context.rest.lower() not in ("", "apply"):
        raise ArgumentError("Add nothing to see what would change; the answer has the button.")
    return Request(context.verb.name, scope=context.rest.lower())


def incident_id(context: ParseContext) -> Request:
    """Parse an incident ID; without one, the channel's own incident is meant."""
    if not context.rest:
        return Request(context.verb.name)
    match = INCIDENT_ID.fullmatch(context.rest)
    if match is None:
        raise ArgumentError(f"“{echo(context.rest)}” is not an incident ID. They look like INC-42.")
    return Request(context.verb.name, int(match[1]))


def other_incident(context: ParseContext) -> Request:
    """Parse the ID of another incident, or the name of its channel; without one, the form is meant."""
    typed = _INTO.sub("", context.rest).strip().rstrip(".,;:!")
    if not typed:
        return Request(context.verb.name)
    match = INCIDENT_ID.fullmatch(typed)
    number = int(match[1]) if match else number_in_name(typed.lstrip("#"), context.policy.channel_name)
    if number is None:
        raise ArgumentError(f"“{echo(context.rest)}” is not an incident ID. They look like INC-42.")
    return Request(context.verb.name, other=number)


def help_topic(context: ParseContext) -> Request:
    """Parse the name of a verb, or `all`; both may be missing."""
    name = split_first_word(context.rest)[0].lower()
    if name == EVERY_VERB:
        return Request(context.verb.name, text=name)
    verb = BY_NAME.get(name)
    if name and verb is None:
        near = difflib.get_close_matches(name, BY_NAME, n=2, cutoff=0.5) or [verb.name for verb in VERBS[:3]]
        raise ArgumentError(f"There is no verb “{echo(name)}”. Try help with {join_or(near)}.")
    return Request(context.verb.name, text=verb.name if verb else "")
