"""Defines an operation: a verb or a question with its arguments, the same for API, command line and console.

A module of this package defines the operations about one noun; `bot.operations.table` lists them all. To add some,
write a module with `OPERATIONS` and name it there: the HTTP routes and the OpenAPI document follow from the table.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar, Self

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from bot.domain.access.token import Scope
from bot.domain.errors import NotFound, Refused
from bot.domain.policy.severity_names import severity_named
from bot.usecases.context import Context

CURSOR = r"^c[0-9]{1,18}$"
LARGEST_NUMBER = 2**31 - 1  # of an incident, in the database
API = "api"  # the actor of the bootstrap token


class Arguments(BaseModel):
    """The base of all arguments. An unknown field is an error."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True, defer_build=True)
    exactly_one_of: ClassVar[tuple[str, ...]] = ()  # these; the default of each means: not given

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        alternatives = self.model_fields_set.intersection(self.exactly_one_of)
        if self.exactly_one_of and len(alternatives) != 1:
            raise ValueError(f"expected one of {', '.join(self.exactly_one_of)}")
        return self


class NoArguments(Arguments):
    """For operations without arguments."""


class Shape(BaseModel):
    """The base of the answers of operations; it documents their JSON."""

    model_config = ConfigDict(defer_build=True)  # a process that shows no schema builds none


@dataclass(frozen=True, slots=True)
class Call:
    """A request for an operation: who asks, from which source, and about which object."""

    context: Context  # with the source, and the preconditions on the incident
    actor: str  # a Slack ID, `API` or `OPERATOR`
    path: Mapping[str, str] = field(default_factory=dict)  # the values in the path, by name
    delivery: str | None = None  # the same when the client repeats the request
    request_key: str | None = None  # of the request as it is stored, if it may be repeated
    operator: bool = False  # a person on the machine itself, who names nobody: sees everything

    @property
    def number(self) -> int:
        """The number of the incident in the path, such as 42 for `INC-42` and `42`. Raises `NotFound`."""
        return number_in(self.path["id"], "INC-", "incident")


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer of an operation."""

    body: Any
    version: str | None = None  # of an incident, for `ETag`
    location: str | None = None  # of the created object, under `/api/v1`


Run = Callable[[Call, Any], Awaitable[Answer]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """A verb or a question. `{id}` and the like in the path are texts."""

    name: str  # unique: `operationId`
    method: str
    path: str  # under `/api/v1`
    summary: str
    run: Run
    answer: type[BaseModel]
    arguments: type[Arguments] = NoArguments  # the query of a GET, else the JSON body
    example: Mapping[str, Any] = field(default_factory=dict)  # of the arguments
    scope: Scope = Scope.WRITE
    status: int = 200
    asks_who: bool = True  # whether to ask Slack who the actor is, for operations that guests may not use
    conditional: bool = False  # whether `If-Match` counts
    tag: str = "Incidents"
    secret: bool = False  # whether the answer has a secret, so that it is not stored
    also: tuple[str, ...] = ()  # other paths, which the document does not list


def question(
    name: str, path: str, summary: str, run: Run, answer: type[BaseModel], **more: Any
) -> Operation:  # the usual parts
    """An operation that only reads."""
    values = {"method": "GET", "scope": Scope.READ, "asks_who": False, **more}
    return Operation(name=name, path=path, summary=summary, run=run, answer=answer, **values)


class BadArgument(Refused):
    """An argument of the right form whose value is not valid here. `name` is the field."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(message)
        self.name = name


def severity_key(call: Call, text: str) -> str:
    """The key of a severity of the policy in force. Raises `BadArgument`."""
    try:
        return severity_named(text, call.context.policy) or call.context.policy.severity(text).key
    except Refused as refused:
        raise BadArgument("severity", refused.message) from None


def role_key(call: Call, text: str) -> str:
    """The key of a role of the policy in force. Raises `BadArgument`."""
    try:
        return call.context.policy.role(text).key
    except Refused as refused:
        raise BadArgument("role", refused.message) from None


def number_in(text: str, prefix: str, noun: str) -> int:
    """The number in an ID such as `INC-42`, or in `42`. Raises `NotFound`."""
    number = text.upper().removeprefix(prefix)
    if not (number.isascii() and number.isdecimal()) or len(number) > 10 or int(number) > LARGEST_NUMBER:
        raise NotFound(f"There is no {noun} {text[:40]}.", "list all")
    return int(number)


def _not_blank(text: str) -> str:
    if not text:
        raise ValueError("expected some words")
    return text


def _in_utc(instant: datetime) -> datetime:
    """The instant in UTC; at the ends of the calendar, where UTC has no such day, only the zone is replaced."""
    try:
        return instant.astimezone(UTC)
    except OverflowError:
        return instant.replace(tzinfo=UTC)


WORDS_PATTERN = r"\S"
Words = Annotated[
    str, Field(min_length=1, max_length=20_000, pattern=WORDS_PATTERN), AfterValidator(_not_blank)
]  # that must be there
MaybeWords = Annotated[str, Field(max_length=20_000)]
Instant = Annotated[AwareDatetime, AfterValidator(_in_utc)]
SlackId = Annotated[str, Field(pattern=r"^[UW][A-Z0-9]{1,30}$")]
Duration = Annotated[str, Field(pattern=r"^[1-9][0-9]{0,2}[smhd]$", description="Such as 90s, 15m, 2h or 1d.")]
