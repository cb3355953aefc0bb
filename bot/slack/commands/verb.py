"""Defines a verb (a word after `/incident`, such as `ack`): its grammar, and its entry in the help."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from bot.domain.policy.policy import Policy


class Grammar(Enum):
    """The kinds of text that may follow a verb; `bot.slack.commands.grammar` has a parser for each."""

    NOTHING = auto()
    DECLARATION = auto()
    WORDS = auto()  # optional free text
    TEXT = auto()  # free text that must be there
    STATUS = auto()
    SEVERITY = auto()
    ROLE = auto()
    PERSON = auto()
    PEOPLE = auto()
    SPAN = auto()
    SNOOZE = auto()
    ALL = auto()
    FILTER = auto()
    ID = auto()
    TOPIC = auto()
    SCHEDULE = auto()
    COVER = auto()
    PAGE = auto()
    DRILL = auto()
    HANDOVER = auto()
    POLICY = auto()
    ACTION = auto()
    ACTIONS = auto()
    METRICS = auto()
    OTHER = auto()


@dataclass(frozen=True, slots=True)
class Verb:
    """One entry of the table. `usages` and `example` leave out the command's name.

    `example` works under every policy: `{worst}` and `{mild}` become two of its severities, `{role}` and `{title}` its
    first role, `{schedule}` its first schedule.
    """

    name: str
    grammar: Grammar
    usages: tuple[str, ...]
    example: str
    summary: str
    aliases: tuple[str, ...] = ()
    needs_incident: bool = True  # the channel's, unless `--in` names another
    takes_incident: bool = False  # `--in` may name one, but none is needed


def example(verb: Verb, policy: Policy, command: str) -> str:
    """The verb's example as a whole line that works under this policy."""
    severities = policy.severities
    role = policy.roles[0] if policy.roles else None
    values = {
        "{worst}": severities[0].key,
        "{mild}": severities[len(severities) // 2].key,
        "{role}": role.key if role else "commander",
        "{title}": role.title if role else "Incident commander",
        "{schedule}": next(iter(policy.schedules), "primary"),
    }
    line = verb.example
    for name, value in values.items():
        line = line.replace(name, value)
    return f"{command} {line}"
