"""Parses the text after the slash command into a request. Pure and never raises; `verbs.py` has the table of verbs."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, replace

from bot.domain.policy.policy import Policy
from bot.slack import text as words
from bot.slack.commands.arguments import (
    READERS,
    ArgumentError,
    ParseContext,
    Request,
    echo,
    find_severity,
    join_or,
    split_first_word,
)
from bot.slack.commands.verbs import BY_NAME, Grammar, Verb, example

COMMAND = "/incident"
MENU = "menu"
MEANT = {"false": ["cancel"], "falsealarm": ["cancel"]}  # as a button says it
_IN = re.compile(r"(?:^|\s)(?:--|—|–)in[\s=:]+(?:inc-?|#)?([0-9]{1,9})(?=\s|$)", re.IGNORECASE)  # iOS types — for --
_PRIVATE = re.compile(r"(?:^|\s)(?:--|—|–)private(?=\s|$)", re.IGNORECASE)
_SEVERITY_LIKE = re.compile(r"(?:severity|level|prio|sev|s|p|l)[-_]?[0-9]", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class DeclareRequest:
    """An incident to open: at once where severity and title are both known, else by the form filled so far.

    `title` is one line without mentions, of any length: the domain cuts it and keeps the whole.
    """

    title: str = ""
    severity: str | None = None
    private: bool = False

    @property
    def is_complete(self) -> bool:
        return bool(self.title and self.severity)


@dataclass(frozen=True, slots=True)
class BadRequest:
    """What was expected, and one whole line that works. `message` is house text."""

    message: str
    example: str


ParsedCommand = Request | DeclareRequest | BadRequest


def parse(text: str, policy: Policy, *, command: str = COMMAND, asker: str | None = None) -> ParsedCommand:
    """Read Slack's raw text of a command or of a mention of the bot. `me` stands for `asker`.

    1. The verb, or a severity, which declares.
    2. `--in INC-42`, anywhere but in a declaration.
    3. The verb's own grammar.
    """
    house = words.from_command(text).strip()
    names = words.names_in(text)
    found, incident = _take_incident(house)
    if not found:
        return Request(MENU, incident)
    first, _, rest = split_first_word(found)
    verb = BY_NAME.get(first.lower())
    if verb is None:
        return _declared_by_severity(house, policy, names) or _unknown(first, policy, command)
    if verb.grammar is Grammar.DECLARATION:
        return _declaration(
            split_first_word(house)[2] if house.lower().startswith(first.lower()) else rest, policy, names
        )
    try:
        request = READERS[verb.grammar](ParseContext(verb, rest, policy, asker))
    except ArgumentError as bad:
        return BadRequest(str(bad), example(verb, policy, command) + _as_given(verb, incident))
    return replace(request, incident=incident if request.incident is None else request.incident)


def _as_given(verb: Verb, incident: int | None) -> str:
    """An example works where it is typed: `--in` stays, where it was needed."""
    return f" --in INC-{incident}" if incident is not None and verb.needs_incident else ""


def _declared_by_severity(house: str, policy: Policy, names: dict[str, str]) -> DeclareRequest | None:
    """`sev1 Payments down`. A level this policy does not have opens the form: a declaration is never refused."""
    if find_severity(_PRIVATE.sub(" ", house).strip(), policy):
        return _declaration(house, policy, names)
    return DeclareRequest(words.title_of(house, names)) if _SEVERITY_LIKE.fullmatch(house.split()[0]) else None


def _declaration(text: str, policy: Policy, names: dict[str, str]) -> DeclareRequest:
    """`--private`, wherever it stands: whoever types it must not find everybody told."""
    said = _PRIVATE.sub(" ", text).strip()
    severity, title = find_severity(said, policy) or (None, said)
    return DeclareRequest(words.title_of(title, names), severity, private=said != text.strip())


def _unknown(first: str, policy: Policy, command: str) -> BadRequest:
    known = [*BY_NAME, *(level.key.lower() for level in policy.severities)]
    near = MEANT.get(first.lower()) or difflib.get_close_matches(first.lower(), known, n=6, cutoff=0.6)
    meant = list(dict.fromkeys(BY_NAME[name].name if name in BY_NAME else name for name in near))[:3]
    name = echo(first)
    if not meant:
        return BadRequest(f"I don't know “{name}”. See what I do know, or open an incident.", f"{command} help")
    verb = BY_NAME.get(meant[0])
    line = example(verb, policy, command) if verb else f"{command} {meant[0]} Payments down"
    return BadRequest(f"I don't know “{name}”. Did you mean {join_or(meant)}?", line)


def _take_incident(text: str) -> tuple[str, int | None]:
    match = _IN.search(text)
    if match is None:
        return text, None
    left = f"{text[: match.start()]} {text[match.end() :].lstrip()}".strip()
    return left, int(match[1])
