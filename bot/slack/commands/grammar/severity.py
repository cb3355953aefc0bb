"""Parses severities in a command: one with a reason, several as a filter, and one before a drill's title."""

from __future__ import annotations

import re

from bot.domain.policy.policy import Policy
from bot.domain.policy.severity_names import severity_names
from bot.slack.commands.grammar.base import (
    ArgumentError,
    ParseContext,
    echo,
    normalize,
    split_first_word,
    without_because,
)
from bot.slack.commands.request import Request
from bot.slack.text import title_of

_LONGEST_NAME = 4  # words
_AFTER_NAME = ":,;"
_NO_LEVEL = {"s3"}  # at the beginning of a title: Amazon S3 breaks, too


def severity_and_reason(context: ParseContext) -> Request:
    """Parse a severity by key, name or number, then a reason. Without words, a form asks for them."""
    if not context.rest:
        return Request(context.verb.name)
    match = find_severity(context.rest, context.policy) or _by_number(context.rest, context.policy)
    if match is None:
        name = echo(split_first_word(context.rest)[0])
        raise ArgumentError(f"There is no severity “{name}”. Use one of: {_keys(context.policy)}.")
    severity, reason = match
    return Request(context.verb.name, severity=severity, text=without_because(reason))


def list_filter(context: ParseContext) -> Request:
    """Parse `open`, `all` and severities in any order."""
    scope, severities, rest = "open", [], context.rest.replace(",", " ").strip()
    while rest:
        word, after = split_first_word(rest)
        if word.lower() in ("open", "all"):
            scope, rest = word.lower(), after
            continue
        match = find_severity(rest, context.policy)
        if match is None:
            raise ArgumentError(f"I can't list “{echo(word)}”. Use open, all, or a severity: {_keys(context.policy)}.")
        severity, rest = match
        severities.append(severity)
    return Request(context.verb.name, scope=scope, severities=tuple(dict.fromkeys(severities)))


def drill(context: ParseContext) -> Request:
    """Parse the severity of a drill, else the worst; the rest is the title. `INC-42 at 10x` plays a past incident."""
    worst = context.policy.severities[0].key
    if past := re.fullmatch(r"INC-([1-9]\d{0,8})(?:\s+at\s+([1-9]\d{0,2})x)?", context.rest.strip(), re.IGNORECASE):
        return Request(context.verb.name, other=int(past[1]), speed=int(past[2] or 10))
    severity, title = severity_before_title(context.rest, context.policy) or (worst, context.rest)
    return Request(context.verb.name, severity=severity, text=title_of(title) or "Drill")


def severity_before_title(typed: str, policy: Policy) -> tuple[str, str] | None:
    """The same as `find_severity`, but a word that may be the title's own is none, unless it is a severity's key."""
    first = normalize(split_first_word(typed)[0].rstrip(_AFTER_NAME))
    is_key = first in {normalize(level.key) for level in policy.severities}
    return None if first in _NO_LEVEL and not is_key else find_severity(typed, policy)


def find_severity(typed: str, policy: Policy) -> tuple[str, str] | None:
    """The severity at the start of `typed`, by key, name or short form, and the rest. The longest match wins."""
    pieces = typed.split(None, _LONGEST_NAME)
    keys = severity_names(policy)
    for count in range(min(_LONGEST_NAME, len(pieces)), 0, -1):
        key = keys.get(normalize("".join(pieces[:count]).rstrip(_AFTER_NAME)))
        if key is not None:
            split = typed.split(None, count)
            return key, split[count].strip() if len(split) > count else ""
    return None


def _by_number(typed: str, policy: Policy) -> tuple[str, str] | None:
    """The severity in `1 …`, if exactly one key ends in that number, and the rest."""
    number, rest = split_first_word(typed)
    matching = [level.key for level in policy.severities if re.fullmatch(rf"\D*{re.escape(number)}", level.key)]
    return (matching[0], rest) if number.isdecimal() and len(matching) == 1 else None


def _keys(policy: Policy) -> str:
    return ", ".join(level.key for level in policy.severities)
