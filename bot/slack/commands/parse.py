"""Parse the text after the slash command into a request. Pure and never raises; `verbs.py` has the table of verbs."""

from __future__ import annotations

import difflib
import re
from dataclasses import replace

from bot.domain.policy.policy import Policy
from bot.slack import text as slack_text
from bot.slack.commands.grammar import PARSERS
from bot.slack.commands.grammar.base import ArgumentError, ParseContext, echo, join_or, split_first_word
from bot.slack.commands.grammar.severity import find_severity
from bot.slack.commands.request import COMMAND, MENU, BadRequest, DeclareRequest, ParsedCommand, Request
from bot.slack.commands.verbs import BY_NAME, Grammar, Verb, example

SYNONYMS = {"false": ["cancel"], "falsealarm": ["cancel"]}  # the label of a button
_IN = re.compile(r"(?:^|\s)(?:--|—|–)in[\s=:]+(?:inc-?|#)?([0-9]{1,9})(?=\s|$)", re.IGNORECASE)  # iOS types — for --
_PRIVATE = re.compile(r"(?:^|\s)(?:--|—|–)private(?=\s|$)", re.IGNORECASE)
_SEVERITY_LIKE = re.compile(r"(?:severity|level|prio|sev|s|p|l)[-_]?[0-9]", re.IGNORECASE)


def parse(text: str, policy: Policy, *, command: str = COMMAND, asker: str | None = None) -> ParsedCommand:
    """Parse Slack's raw text of a command or of a mention of the bot. `me` means `asker`.

    1. The verb, or a severity, which declares.
    2. `--in INC-42`, anywhere except in a declaration.
    3. The verb's own grammar.
    """
    internal = slack_text.from_command(text).strip()
    names = slack_text.names_in(text)
    remaining, incident = _take_incident(internal)
    if not remaining:
        return Request(MENU, incident)
    first, rest = split_first_word(remaining)
    verb = BY_NAME.get(first.lower())
    if verb is None:
        return _declared_by_severity(internal, policy, names) or _unknown(first, policy, command)
    if verb.grammar is Grammar.DECLARATION:
        title = split_first_word(internal)[1] if internal.lower().startswith(first.lower()) else rest
        return _declaration(title, policy, names)
    try:
        request = PARSERS[verb.grammar](ParseContext(verb, rest, policy, asker))
    except ArgumentError as error:
        return BadRequest(str(error), example(verb, policy, command) + _in_flag(verb, incident))
    return replace(request, incident=incident if request.incident is None else request.incident)


def _in_flag(verb: Verb, incident: int | None) -> str:
    """The `--in` that an example needs to work where the command was typed."""
    return f" --in INC-{incident}" if incident is not None and verb.needs_incident else ""


def _declared_by_severity(internal: str, policy: Policy, names: dict[str, str]) -> DeclareRequest | None:
    """`sev1 Payments down`. A level that this policy lacks opens the form: a declaration is never refused."""
    if find_severity(_PRIVATE.sub(" ", internal).strip(), policy):
        return _declaration(internal, policy, names)
    if _SEVERITY_LIKE.fullmatch(internal.split()[0]):
        return DeclareRequest(slack_text.title_of(internal, names))
    return None


def _declaration(text: str, policy: Policy, names: dict[str, str]) -> DeclareRequest:
    """`--private` counts anywhere in the text: overlooking it would tell everyone."""
    remaining = _PRIVATE.sub(" ", text).strip()
    severity, title = find_severity(remaining, policy) or (None, remaining)
    return DeclareRequest(slack_text.title_of(title, names), severity, private=remaining != text.strip())


def _unknown(first: str, policy: Policy, command: str) -> BadRequest:
    """Suggest verbs and severities that are spelled nearly like `first`."""
    words = [*BY_NAME, *(level.key.lower() for level in policy.severities)]
    near = SYNONYMS.get(first.lower()) or difflib.get_close_matches(first.lower(), words, n=6, cutoff=0.6)
    suggestions = list(dict.fromkeys(BY_NAME[name].name if name in BY_NAME else name for name in near))[:3]
    name = echo(first)
    if not suggestions:
        return BadRequest(f"I don't know “{name}”. See what I do know, or open an incident.", f"{command} help")
    verb = BY_NAME.get(suggestions[0])
    line = example(verb, policy, command) if verb else f"{command} {suggestions[0]} Payments down"
    return BadRequest(f"I don't know “{name}”. Did you mean {join_or(suggestions)}?", line)


def _take_incident(text: str) -> tuple[str, int | None]:
    """Split `--in INC-42` from the text."""
    match = _IN.search(text)
    if match is None:
        return text, None
    remaining = f"{text[: match.start()]} {text[match.end() :].lstrip()}".strip()
    return remaining, int(match[1])
