"""Parses the text after `/incident` into a request; it is pure and never raises.

`verbs.py` has the table of verbs, and `grammar` a parser for what may follow each.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, replace

from bot.domain.errors import Refused
from bot.domain.policy.policy import Policy
from bot.slack import text as slack_text
from bot.slack.commands import flags
from bot.slack.commands.flags import TypedIncident
from bot.slack.commands.grammar import PARSERS
from bot.slack.commands.grammar.base import ArgumentError, ParseContext, echo, join_or, split_first_word
from bot.slack.commands.grammar.severity import find_severity, severity_before_title
from bot.slack.commands.request import COMMAND, MENU, BadRequest, DeclareRequest, ParsedCommand, Request
from bot.slack.commands.verb import Grammar, Verb, example
from bot.slack.commands.verbs import BY_NAME

SYNONYMS = {"false": ["cancel"], "falsealarm": ["cancel"]}  # the label of a button
_POLITE = re.compile(
    r"^(?:(?:hey|hi|hello|ok|okay|please|pls|kindly|can|could|would|will|you|just|tocsin)\b[\s,!.:]*)+", re.IGNORECASE
)
_QUOTED = re.compile(r"^[\"'“”„‘’«»]+([a-z][\w-]*)[\"'“”„‘’«»]+(?=\s|$)", re.IGNORECASE)  # the first word
_SEVERITY_LIKE = re.compile(r"(?:severity|level|prio|sev|s|p|l)[-_]?[0-9]", re.IGNORECASE)

_AFTER_WORD = ",.;:!?"
_LEAST_ALIKE, _MUCH_LESS_ALIKE = 0.6, 0.2  # of two words, from 0 to 1


def parse(text: str, policy: Policy, *, command: str = COMMAND, asker: str | None = None) -> ParsedCommand:
    """Parse Slack's raw text of a command or of a mention of the bot. `me` means `asker`.

    1. A declaration, by its verb or by a severity. It is never refused, and its title may contain anything.
    2. `--in INC-42`, anywhere.
    3. The verb, then the verb's own grammar.
    """
    typed_text = slack_text.from_command(text).strip().removeprefix(f"{command} ").lstrip()  # pasted with the command
    internal = _QUOTED.sub(r"\1", _without_politeness(typed_text, policy))
    names = slack_text.names_in(text)
    if (declaration := _parse_declaration(internal, policy, names)) is not None:
        return declaration
    try:
        typed = flags.split_incident(internal, slack_text.channels_in(text), policy.channel_name)
    except Refused as refused:
        verb = BY_NAME.get(split_first_word(internal)[0].lower())
        return BadRequest(refused.message, example(verb, policy, command) if verb else f"{command} list")
    if not typed.words:
        return Request(MENU, typed.number, typed.channel)
    context = _VerbContext(policy, command, asker, slack_text.groups_in(text))
    return _parse_declaration(typed.words, policy, names) or _with_verb(typed, context)


@dataclass(frozen=True, slots=True)
class _VerbContext:
    """The context in which a verb's arguments are parsed."""

    policy: Policy
    command: str
    asker: str | None
    groups: frozenset[str]  # user groups that the text mentions


def _with_verb(typed: TypedIncident, context: _VerbContext) -> Request | BadRequest:
    """A verb and its arguments, about the incident that `--in` named."""
    policy, command = context.policy, context.command
    first, rest = split_first_word(typed.words)
    verb = _verb_of(first)
    if verb is None:
        return _unknown(first, rest, policy, command)
    if typed.named and not (verb.needs_incident or verb.takes_incident):
        return BadRequest(f"“{verb.name}” works without an incident. Leave --in out.", example(verb, policy, command))
    try:
        request = PARSERS[verb.grammar](ParseContext(verb, rest, policy, context.asker, context.groups))
    except ArgumentError as error:
        return BadRequest(str(error), example(verb, policy, command) + _in_flag(verb, typed.number))
    if not typed.named:
        return request
    if request.incident is not None and request.incident != typed.number:
        return BadRequest(flags.TWO_INCIDENTS, example(verb, policy, command))
    return replace(request, incident=typed.number, in_channel=typed.channel)


def _without_politeness(internal: str, policy: Policy) -> str:
    """Strip polite words before a verb, as in “hey can you page maya”; leave any other text as it is."""
    stripped = _POLITE.sub("", internal)
    first = split_first_word(stripped)[0].lower().rstrip(_AFTER_WORD)
    return stripped if first in BY_NAME or find_severity(first, policy) else internal


def _verb_of(first: str) -> Verb | None:
    """The verb that the first word names; `note:` and `ack!` are understood, too."""
    return BY_NAME.get(first.lower().rstrip(_AFTER_WORD))


def _in_flag(verb: Verb, incident: int | None) -> str:
    """The `--in` that an example needs in order to work where the command was typed."""
    return f" --in INC-{incident}" if incident is not None and verb.needs_incident else ""


def _parse_declaration(internal: str, policy: Policy, names: dict[str, str]) -> DeclareRequest | None:
    """Parse `declare …` or `sev1 Payments down`; None for any other verb.

    A severity that this policy lacks opens the form: a declaration is never refused.
    """
    first, rest = split_first_word(internal)
    verb = _verb_of(first)
    if verb is not None:
        return _declaration(rest, policy, names) if verb.grammar is Grammar.DECLARATION else None
    remaining, private = flags.split_private(internal)
    if severity_before_title(remaining, policy):
        return _declaration(internal, policy, names)
    if _SEVERITY_LIKE.fullmatch(split_first_word(remaining)[0]):
        return DeclareRequest(slack_text.title_of(remaining, names), private=private)
    return None


def _declaration(text: str, policy: Policy, names: dict[str, str]) -> DeclareRequest:
    """Parse a title, with or without a severity before it; `--private` counts anywhere in it."""
    remaining, private = flags.split_private(text)
    severity, title = severity_before_title(remaining, policy) or (None, remaining)
    return DeclareRequest(slack_text.title_of(title, names), severity, private)


def _nearest(word: str, words: list[str]) -> list[str]:
    """The words spelled most like `word`, the nearest first, without those that are much less alike."""
    near = {candidate: difflib.SequenceMatcher(None, word, candidate).ratio() for candidate in words}
    best = max(near.values())
    alike = [candidate for candidate in near if near[candidate] >= max(_LEAST_ALIKE, best - _MUCH_LESS_ALIKE)]
    return sorted(alike, key=lambda candidate: -near[candidate])


def _unknown(first: str, rest: str, policy: Policy, command: str) -> BadRequest:
    """Suggest verbs and severities that are spelled nearly like `first`; for other words, to declare with them."""
    words = [*BY_NAME, *(level.key.lower() for level in policy.severities)]
    near = SYNONYMS.get(first.lower()) or _nearest(first.lower(), words)
    suggestions = list(dict.fromkeys(BY_NAME[name].name if name in BY_NAME else name for name in near))[:3]
    name = echo(first)
    if not suggestions and rest:
        title = echo(f"{first} {rest}")
        return BadRequest(
            f"I don't know “{name}”. To open an incident, put declare before it. `{command} help` shows the rest.",
            f"{command} declare {title}",
        )
    if not suggestions:
        return BadRequest(f"I don't know “{name}”. Most used: declare, ack, update, resolve.", f"{command} help")
    verb = BY_NAME.get(suggestions[0])
    line = example(verb, policy, command) if verb else f"{command} {suggestions[0]} Payments down"
    return BadRequest(f"I don't know “{name}”. Did you mean {join_or(suggestions)}?", line)
