"""Defines the result of parsing `/incident …`: a verb with arguments, a declaration, or why parsing failed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TypeVar

from bot.domain.actions.item import Priority
from bot.domain.figures.selection import EVERYTHING, Selection
from bot.domain.incident.status import Status
from bot.domain.values.dates import DayExpression
from bot.domain.values.time_expressions import TimeWindow

_T = TypeVar("_T")

COMMAND = "/incident"
MENU = "menu"  # the verb of the bare command


@dataclass(frozen=True, slots=True)
class Request:
    """A verb and its arguments. A field that the verb does not use is empty."""

    verb: str  # a name of the table, or `MENU`
    incident: int | None = None  # the number given by `--in` or as an ID
    in_channel: str | None = None  # the ID of an incident's channel, given by `--in` instead
    other: int | None = None  # the number of another incident, which the verb is about
    speed: int = 10  # of a drill that plays `other`
    text: str = ""  # internal text: update, reason, note, summary; for `help` the name of a verb
    users: tuple[str, ...] = ()  # Slack user IDs
    names: tuple[str, ...] = ()  # of people as they were typed, without an ID from Slack: to be looked up
    unmatched: str = ""  # the answer if no person has such a name
    role: str | None = None  # a key of the policy
    clear: bool = False  # take the role away, give the cover up, or end the snooze
    severity: str | None = None  # a key of the policy
    severities: tuple[str, ...] = ()  # that narrow a list
    status: Status | None = None
    span: timedelta | None = None
    scope: str = ""  # `key` or `all` for timeline, `open` or `all` for list, `apply` for policy
    schedule: str | None = None  # a key of the policy; for `cover` also a layer of it, as in `support/night`
    window: TimeWindow | None = None  # of a cover
    priority: Priority | None = None  # of an action item
    day: DayExpression | None = None  # when an action item is due
    days: tuple[date, date] | None = None  # the first and the last of a period
    selection: Selection = EVERYTHING  # which incidents figures count

    @property
    def required_status(self) -> Status:
        """The status of a verb whose grammar requires one."""
        return _require(self.status)

    @property
    def required_severity(self) -> str:
        """The severity of a verb whose grammar requires one."""
        return _require(self.severity)

    @property
    def required_span(self) -> timedelta:
        """The duration of a verb whose grammar requires one."""
        return _require(self.span)


@dataclass(frozen=True, slots=True)
class DeclareRequest:
    """An incident to declare."""

    title: str = ""  # one line without mentions, of any length: the domain shortens it and keeps the whole
    severity: str | None = None  # a key of the policy
    private: bool = False

    @property
    def is_complete(self) -> bool:
        """Whether the incident can be declared at once, without the form."""
        return bool(self.title and self.severity)


@dataclass(frozen=True, slots=True)
class BadRequest:
    """Text that could not be parsed."""

    message: str  # what was expected, as internal text
    example: str  # a whole line that works


ParsedCommand = Request | DeclareRequest | BadRequest


def _require(value: _T | None) -> _T:
    if value is None:
        raise ValueError("the verb's grammar requires this argument")
    return value
