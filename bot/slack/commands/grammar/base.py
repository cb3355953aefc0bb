"""Defines what the parsers of all grammars share: their input, their error, and small helpers for words."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from bot.domain.policy.policy import Policy
from bot.slack import text
from bot.slack.commands.request import Request
from bot.slack.commands.verb import Verb

ECHO_LENGTH = 40
INCIDENT_ID = re.compile(r"(?:inc[-\s]?|#)?([0-9]{1,9})", re.IGNORECASE)


class ArgumentError(Exception):
    """The text after a verb does not fit its grammar. The message is shown to the person."""


@dataclass(frozen=True, slots=True)
class ParseContext:
    """The input of a grammar's parser."""

    verb: Verb
    rest: str  # the text after the verb, without `--in`
    policy: Policy
    asker: str | None  # the Slack user ID meant by `me`
    groups: Collection[str] = ()  # names of the user groups that are mentioned, such as `ops` for `@ops`


# Raises `ArgumentError`.
Parser = Callable[[ParseContext], Request]


def echo(typed: str) -> str:
    """Typed text, on one line and short enough to repeat in an answer."""
    return text.clip(text.title_of(typed), ECHO_LENGTH)


def split_first_word(typed: str) -> tuple[str, str]:
    """The first word and the rest, in which line breaks are kept."""
    pieces = typed.split(None, 1)
    return (pieces[0] if pieces else "", pieces[1].strip() if len(pieces) > 1 else "")


def normalize(name: str) -> str:
    """A name for comparison: lower case, without spaces, `_` and `-`."""
    return re.sub(r"[\s_-]+", "", name).lower()


def join_or(names: Sequence[str]) -> str:
    """`a or b`, `a, b or c`."""
    return " or ".join(names) if len(names) < 3 else ", ".join(names[:-1]) + f" or {names[-1]}"


def without_because(reason: str) -> str:
    """A reason without a leading `because` or dash; “please” alone is none."""
    if reason.strip(" .,!").lower() == "please":
        return ""
    return re.sub(r"^(?:because|[-–—:,])\s+", "", reason.strip(), flags=re.IGNORECASE)
