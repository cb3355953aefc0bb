"""Defines the schema of a playbook file: its keys, and the form of each value."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, PlainValidator, WithJsonSchema, model_validator

from bot.domain.playbook import definition as domain
from bot.domain.values import patterns
from bot.policy.models.base import StrictModel, invalid, quote_value
from bot.policy.models.texts import Key, Text
from bot.policy.models.times import Day, Duration
from bot.policy.problems import did_you_mean

LAST_RANK = 9

_ID = re.compile(r"^[a-z0-9][a-z0-9-]{1,63}$")
_NAME = re.compile(r"^[a-z][a-z0-9_]{0,39}$")
_RANKS = re.compile(r"^([1-9])\s*(?:-|–|\.\.)\s*([1-9])$")


def _id(value: Any) -> str:
    if not isinstance(value, str) or not _ID.match(value):
        raise invalid(f"must be small letters, digits and - such as api-outage, not {quote_value(value)}.")
    return value


def _parameter_name(value: Any) -> str:
    if not isinstance(value, str) or not _NAME.match(value):
        raise invalid(f"must be small letters, digits and _ such as pod_name, not {quote_value(value)}.")
    return value


def _severities(value: Any) -> Any:
    """Turn `any`, `1`, `1-3`, `[1, 2]` or keys of the operator's own policy into a list."""
    if value == "any":
        return []
    if isinstance(value, str) and (match := _RANKS.match(value)):
        first, last = int(match[1]), int(match[2])
        if first > last:
            raise invalid(f"must count upwards from the worst: write {last}-{first}, not {quote_value(value)}.")
        return list(range(first, last + 1))
    return value if isinstance(value, list) else [value]


def _severity(value: Any) -> int | str:
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= LAST_RANK:
        return value
    if isinstance(value, str) and re.match(r"^[A-Za-z][A-Za-z0-9_.-]*$", value):
        return value
    raise invalid(
        f"must be a rank from 1, the worst, to {LAST_RANK}, or the key of a severity of yours, "
        f"not {quote_value(value)}. Write 1-3, [1, 2] or any."
    )


def _one_of(options: tuple[str, ...], noun: str) -> Callable[[Any], str]:
    def check(value: Any) -> str:
        if value not in options:
            hint = did_you_mean(value, options, "There are") if isinstance(value, str) else f" There are {options}."
            raise invalid(f"is not {noun}: {quote_value(value)}.{hint}")
        return str(value)

    return check


def _pattern(value: Any) -> str:
    if not isinstance(value, str):
        raise invalid(f"must be a pattern in quotes, not {quote_value(value)}.")
    if error := patterns.pattern_error(value):
        raise invalid(f"is not a usable pattern: {quote_value(value)}. {error}")
    return value


def _run(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise invalid(f"must be a command, as it would be typed, not {quote_value(value)}.")
    try:
        shlex.split(value)
    except ValueError as error:
        raise invalid(f"cannot be split into words ({error}): a quote is opened and never closed.") from None
    return value.strip()


def _as_list(value: Any) -> Any:
    """Accept a single text for a list of one."""
    return [value] if isinstance(value, str) else value


_ID_SCHEMA = {"type": "string", "pattern": _ID.pattern}
_SEVERITY_SCHEMA = {"anyOf": [{"type": "integer", "minimum": 1, "maximum": LAST_RANK}, {"type": "string"}]}
_SEVERITIES_SCHEMA = {
    "anyOf": [*_SEVERITY_SCHEMA["anyOf"], {"type": "array", "items": _SEVERITY_SCHEMA}],
    "examples": ["any", "1-3", [1, 2], ["p0", "p1"]],
}

Id = Annotated[str, PlainValidator(_id), WithJsonSchema(_ID_SCHEMA)]
ParameterName = Annotated[str, BeforeValidator(_parameter_name)]
Severity = Annotated[int | str, PlainValidator(_severity), WithJsonSchema(_SEVERITY_SCHEMA)]
Severities = Annotated[list[Severity], BeforeValidator(_severities), WithJsonSchema(_SEVERITIES_SCHEMA)]
Pattern = Annotated[str, PlainValidator(_pattern), WithJsonSchema({"type": "string", "format": "regex"})]
Run = Annotated[str, PlainValidator(_run), WithJsonSchema({"type": "string", "minLength": 1})]
ParameterType = Annotated[
    str,
    PlainValidator(_one_of(tuple(domain.TYPES), "a type of parameter")),
    WithJsonSchema({"type": "string", "enum": list(domain.TYPES)}),
]


class Parameter(StrictModel):
    """A placeholder in the commands, `{name}`."""

    description: Text = Field(default="", description="What to put there.")
    type: ParameterType = Field(default="name", description="What a value looks like.")
    pattern: Pattern | None = Field(default=None, description="Narrows the type: the whole value must match.")
    options: list[Text] = Field(default=[], description="The only values there are.")
    default: Text | None = Field(default=None, description="A safe value; without one a person must fill it in.")
    required: bool = Field(default=False, description="Must be filled in each time. Then there is no default.")

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        if self.required and self.default is not None:
            raise invalid("is required and has a default: leave out one of the two.")
        if self.default is not None:
            parameter = domain.Parameter("default", "", self.type, self.pattern, tuple(self.options))
            if problem := parameter.problem_with(self.default):
                raise invalid(f"has an invalid default: {problem}")
        return self


class Command(StrictModel):
    """One command. It can be written as a text alone."""

    run: Run = Field(description="As it would be typed. {name} stands for a parameter.")
    about: Text = Field(default="", description="What it does or shows.")
    note: Text = Field(default="", description="Why it is not what the source document has.")

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, value: Any) -> Any:
        return {"run": value} if isinstance(value, str) else value


class Success(StrictModel):
    """The criterion for success: one of exit_code, status or promql."""

    exit_code: Annotated[int, Field(strict=True, ge=0, le=255)] | None = Field(default=None, description="0 mostly.")
    status: Annotated[int, Field(strict=True, ge=100, le=599)] | None = Field(default=None, description="Of HTTP.")
    promql: Text | None = Field(default=None, description="A query for Prometheus; with `over` or `under`.")
    over: float | None = Field(default=None, description="The result must be more than this.")
    under: float | None = Field(default=None, description="The result must be less than this.")

    @model_validator(mode="after")
    def _decides(self) -> Self:
        if sum(criterion is not None for criterion in (self.exit_code, self.status, self.promql)) != 1:
            raise invalid("needs exactly one of exit_code, status and promql.")
        if (self.promql is None) != (self.over is None and self.under is None):
            raise invalid("needs `over` or `under` with `promql`, and only there.")
        return self


class Automation(StrictModel):
    """How a runner executes the step. It runs only if the operator enabled that runner and allowed the command."""

    runner: Annotated[
        str,
        PlainValidator(_one_of(domain.RUNNERS, "a runner")),
        WithJsonSchema({"type": "string", "enum": list(domain.RUNNERS)}),
    ] = Field(default="process", description="process runs commands, http fetches, promql asks Prometheus, wait waits.")
    commands: list[Annotated[int, Field(strict=True, ge=1)]] = Field(
        default=[], description="For process: which of the step's commands, counted from 1; all if left out."
    )
    url: Run | None = Field(default=None, description="For http: the address, with parameters.")
    method: Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"] = Field(
        default="GET", description="For http: the method; nothing is sent with it."
    )
    wait: Duration | None = Field(default=None, description="For wait: how long.")
    action: Key | None = Field(default=None, description="The action of the decision matrix, such as restart.")
    confidence: Annotated[float, Field(ge=0, le=1)] | None = Field(
        default=None, description="The least confidence in the cause to run unattended."
    )
    retries: Annotated[int, Field(strict=True, ge=0, le=10)] = Field(default=0, description="Further attempts.")
    retry_every: Duration = Field(default="5s", description="Between attempts.")
    success: Success | None = Field(default=None, description="The criterion; without one, exit code 0 or status 200.")

    @model_validator(mode="after")
    def _fits_the_runner(self) -> Self:
        for runner, setting, is_set in (
            ("http", "url", self.url is not None),
            ("wait", "wait", self.wait is not None),
            ("promql", "success.promql", self.success is not None and self.success.promql is not None),
        ):
            if self.runner == runner and not is_set:
                raise invalid(f"needs {setting}, since its runner is {runner}.")
            if self.runner != runner and is_set and setting != "success.promql":
                raise invalid(f"has {setting}, which only the runner {runner} knows; here it is {self.runner}.")
        return self


class Step(StrictModel):
    """One thing to do."""

    title: Text = Field(min_length=1, max_length=80, description="What to do, in a few words.")
    description: Text = Field(default="", description="More, where more is needed.")
    when: Text = Field(default="", description="The condition for the step to apply.")
    commands: list[Command] = Field(default=[], description="What to type.")
    verification: Text = Field(default="", description="How to see that it worked.")
    expected: Text = Field(default="", description="What the commands print if all is well.")
    rollback: Text | list[Command] = Field(default=[], description="How to undo it: commands in a list, or words.")
    timeout: Duration = Field(default="10m", description="After this time the holder is asked how it goes.")
    requires_approval: bool = Field(default=False, description="Another person must approve first.")
    dangerous: Text = Field(default="", description="Why it is dangerous. Such a step always requires approval.")
    note: Text = Field(default="", description="Why it is not what the source document has.")
    parallel: Key | None = Field(
        default=None, description="Neighbouring steps of one group can be done at the same time."
    )
    automation: Automation | None = Field(default=None, description="How a runner executes it.")


class Phase(StrictModel):
    """Steps that belong together."""

    title: Text = Field(min_length=1, max_length=80, description="What this part is for.")
    within: Text = Field(default="", description="When, in words: 0-15 min.")
    steps: list[Step] = Field(min_length=1, description="In this order.")


class Document(StrictModel):
    """One playbook."""

    id: Id = Field(description="Small letters, digits and -; your file with the id of a shipped one replaces it.")
    name: Text = Field(min_length=1, max_length=80, description="What people call it.")
    kind: Literal["playbook", "checklist"] = Field(default="playbook", description="A checklist has no commands.")
    category: Key = Field(description="A category of the policy, such as availability.")
    severities: Severities = Field(default=[], description="Ranks from 1, the worst: any, 1-3, [1, 2]; or keys.")
    description: Text = Field(default="", description="What it is for, in a sentence or two.")
    symptoms: list[Text] = Field(default=[], description="What people observe; searched.")
    keywords: list[Text] = Field(default=[], description="What people also call it; searched.")
    services: list[Key] = Field(default=[], description="What it is about; compared with the affected services.")
    alerts: list[dict[Text, Text]] = Field(
        default=[], description="Labels of the alerts it is for; * matches anything."
    )
    prerequisites: list[Text] = Field(default=[], description="What is needed before beginning.")
    parameters: dict[ParameterName, Parameter] = Field(default={}, description="The blanks in the commands.")
    phases: list[Phase] = Field(min_length=1, description="In this order.")
    escalation_criteria: list[Text] = Field(default=[], description="When to call for more people.")
    communication: list[Text] = Field(default=[], description="Whom to tell what, and how often.")
    post_resolution: list[Text] = Field(
        default=[], description="What remains to be done after the service works again."
    )
    related: list[Id] = Field(default=[], description="Ids of other playbooks.")
    owner: Text = Field(default="", description="Who keeps it up to date.")
    last_reviewed: Day | None = Field(default=None, description="When it was last reviewed.")
    expected_duration: Duration | None = Field(
        default=None, description="How long it takes from the first to the last step."
    )
    source: Annotated[list[Text], BeforeValidator(_as_list)] = Field(default=[], description="Where it comes from.")
    notes: list[Text] = Field(default=[], description="Why it is not what the source document has, throughout.")
