"""Defines a playbook as a value: metadata, phases, steps, commands and parameters.

`playbooks.loader` reads it from YAML.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from bot.domain.errors import Refused
from bot.domain.policy.policy import fold_name
from bot.domain.values.patterns import matches_fully

KINDS = ("playbook", "checklist")
RUNNERS = ("process", "http", "promql", "wait")

# `{namespace}`, but not `${home}`, `%{http_code}` or `{{.Names}}`, which belong to shells, curl and Go templates.
PLACEHOLDER = re.compile(r"(?<![{$%])\{([a-z][a-z0-9_]*)\}(?!\})")
# Every value must also match this: one word without characters that a shell or SQL would interpret.
SAFE_VALUE = re.compile(r"[A-Za-z0-9_.:/@%+=,~^][A-Za-z0-9_.:/@%+=,~^-]*")
TYPES = {
    "name": re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,252}"),
    "resource": re.compile(r"[a-z]+/[A-Za-z0-9][A-Za-z0-9_.-]{0,252}"),
    "number": re.compile(r"[0-9]{1,12}"),
    "quantity": re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,3})?(?:m|k|Ki|Mi|Gi|Ti|[kmgKMG])?"),
    "host": re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?(?::[0-9]{1,5})?"),
    "url": re.compile(r"https?://[A-Za-z0-9][A-Za-z0-9.-]*(?::[0-9]{1,5})?(?:/[A-Za-z0-9_.~%/@+=,:-]*)?"),
    "path": re.compile(r"[A-Za-z0-9_./][A-Za-z0-9_./-]{0,500}"),
    "duration": re.compile(r"[0-9]{1,6}(?:ms|s|m|h|d)"),
    "revision": re.compile(r"[A-Za-z0-9][A-Za-z0-9_./-]{0,127}"),
}
EXAMPLES = {
    "name": "api-gateway", "resource": "deployment/api-gateway", "number": "3", "quantity": "4Gi",
    "host": "api.example.com", "url": "https://api.example.com/health", "path": "/backups/postgresql/latest.sql",
    "duration": "5m", "revision": "3f9c2ab",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Parameter:
    """A placeholder in commands. If it has no `default`, a person must fill it in."""

    name: str
    description: str = ""
    type: str = "name"  # a key of `TYPES`
    pattern: str | None = None  # narrows `type` further; the whole value must match
    options: tuple[str, ...] = ()  # the only permitted values; empty: any that fits the type
    default: str | None = None

    @property
    def required(self) -> bool:
        """Whether a value must be given: there is no default."""
        return self.default is None

    def problem_with(self, value: str) -> str | None:
        """Why `value` is invalid, as a sentence for people. None if it is valid."""
        if self.options:
            options = ", ".join(self.options)
            return None if value in self.options else f"{self.name} must be one of {options}, not “{value[:60]}”."
        expected = f"{self.name} must be a {self.type} such as {self.default or EXAMPLES[self.type]}"
        if not TYPES[self.type].fullmatch(value) or not SAFE_VALUE.fullmatch(value) or ".." in value:
            return f"{expected}, not “{value[:60]}”."
        if self.pattern and not matches_fully(self.pattern, value):
            return f"{self.name} must match {self.pattern}, and “{value[:60]}” does not."
        return None


@dataclass(frozen=True, slots=True)
class Command:
    """One command of a step."""

    run: str  # the command line, with `{name}` placeholders
    about: str = ""  # what it does or shows
    note: str = ""  # why it differs from the source document

    @property
    def placeholders(self) -> tuple[str, ...]:
        """Names of the parameters in the command line, each once, in order of appearance."""
        return tuple(dict.fromkeys(PLACEHOLDER.findall(self.run)))

    @property
    def needs_shell(self) -> bool:
        """Whether the command pipes, redirects or expands. People copy such a command; no runner accepts it."""
        return uses_shell(self.run)

    def filled_in(self, values: Mapping[str, str]) -> str:
        """The command line for people to copy. A placeholder without a value stays as it is."""
        return fill_in(self.run, values)

    def argv(self, values: Mapping[str, str]) -> tuple[str, ...]:
        """The arguments to run without a shell: split first, then filled in, so that a value stays one argument.

        Raises `Refused` if the command needs a shell or a value is missing.
        """
        if self.needs_shell:
            raise Refused("This command needs a shell, and Tocsin never uses one. Copy it and run it yourself.")
        if missing := [name for name in self.placeholders if name not in values]:
            raise Refused(f"{', '.join(missing)} must be filled in first.")
        return tuple(fill_in(part, values) for part in shlex.split(self.run))


@dataclass(frozen=True, slots=True)
class Success:
    """The success criterion of an automated step. Exactly one of `exit_code`, `status` and `promql` is set."""

    exit_code: int | None = None
    status: int | None = None  # of HTTP
    promql: str | None = None
    over: float | None = None  # every value of the query must be greater
    under: float | None = None  # every value of the query must be less


@dataclass(frozen=True, slots=True)
class Automation:
    """The execution of a step by a runner, if the operator enabled that runner."""

    runner: str
    commands: tuple[int, ...] = ()  # of `process`: positions from 1; empty: all
    url: str | None = None  # of `http`
    method: str = "GET"  # of `http`
    wait: timedelta | None = None  # of `wait`
    action: str | None = None  # matched by the decision matrix: restart, scale_up …
    confidence: float | None = None  # the least confidence, 0 to 1, to run without approval
    retries: int = 0
    retry_every: timedelta = timedelta()
    success: Success | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do, by a person or by a runner."""

    key: str  # its place: `2.3` is phase 2, step 3
    title: str
    description: str = ""
    when: str = ""  # the condition under which it applies, in words
    commands: tuple[Command, ...] = ()
    verification: str = ""  # how to see that it worked
    expected: str = ""  # what the commands print if all is well
    rollback: tuple[Command, ...] = ()
    rollback_text: str = ""  # instead of commands
    timeout: timedelta = timedelta(minutes=10)
    requires_approval: bool = False
    dangerous: str = ""  # why; empty: not dangerous
    note: str = ""  # why it differs from the source document
    parallel: str | None = None  # neighbouring steps of one group can be done at the same time
    automation: Automation | None = None


@dataclass(frozen=True, slots=True)
class Phase:
    """Consecutive steps under one heading."""

    title: str
    steps: tuple[Step, ...]
    within: str = ""  # "0–15 min", as people read it


@dataclass(frozen=True, slots=True)
class Playbook:
    """Instructions for one kind of incident. Without `ranks` and `keys` they apply to every severity."""

    id: str
    name: str
    category: str
    phases: tuple[Phase, ...]
    kind: str = "playbook"  # one of `KINDS`
    description: str = ""
    ranks: tuple[int, ...] = ()  # severities it is for, counted from the worst, 1
    keys: tuple[str, ...] = ()  # severities it is for, by their keys in the policy
    symptoms: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()  # what people also call it
    services: tuple[str, ...] = ()
    alerts: tuple[Mapping[str, str], ...] = ()  # alert labels, with `*` for any text
    prerequisites: tuple[str, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    escalation_criteria: tuple[str, ...] = ()
    communication: tuple[str, ...] = ()
    post_resolution: tuple[str, ...] = ()
    related: tuple[str, ...] = ()  # IDs of other playbooks
    owner: str = ""  # key or name of a contact
    last_reviewed: date | None = None
    expected_duration: timedelta | None = None
    sources: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()  # why it differs from the source document
    file: str = ""
    digest: str = ""  # of the content; a run keeps the playbook it was opened with by this

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps of all phases, in order."""
        return tuple(step for phase in self.phases for step in phase.steps)

    def step(self, key: str) -> Step:
        """The step with this key. Raises `Refused` if there is none."""
        for step in self.steps:
            if step.key == key:
                return step
        raise Refused(f"{self.name} has no step {key[:20]}.", "playbook")

    def severities(self, worst_first: Sequence[str]) -> tuple[str, ...]:
        """The keys of the policy's severities that this playbook is for. `worst_first` are all keys of the policy."""
        if not self.ranks and not self.keys:
            return tuple(worst_first)
        folded_keys = {fold_name(key) for key in self.keys}
        return tuple(
            key for rank, key in enumerate(worst_first, 1) if rank in self.ranks or fold_name(key) in folded_keys
        )

    def filled_values(self, overrides: Mapping[str, str] | None = None) -> dict[str, str]:
        """The values for the placeholders: the defaults, replaced by `overrides`.

        A required parameter without a value is absent. Raises `Refused` for the first invalid value or unknown name.
        """
        parameters = {parameter.name: parameter for parameter in self.parameters}
        values = {name: parameter.default for name, parameter in parameters.items() if parameter.default is not None}
        for name, value in (overrides or {}).items():
            if name not in parameters:
                raise Refused(f"{self.id} has no parameter “{name[:40]}”. It has: {', '.join(parameters) or 'none'}.")
            if problem := parameters[name].problem_with(value):
                raise Refused(problem)
            values[name] = value
        return values

    def unfilled_parameters(self, values: Mapping[str, str]) -> tuple[Parameter, ...]:
        """The parameters of the whole playbook that have no value yet."""
        return tuple(parameter for parameter in self.parameters if parameter.name not in values)

    def missing_parameters(self, step: Step, values: Mapping[str, str]) -> tuple[Parameter, ...]:
        """The parameters in this step's commands that have no value yet."""
        names = [name for command in (*step.commands, *step.rollback) for name in command.placeholders]
        return tuple(
            parameter for parameter in self.parameters if parameter.name in names and parameter.name not in values
        )


def fill_in(text: str, values: Mapping[str, str]) -> str:
    """Replace each placeholder that has a value; the others stay."""
    return PLACEHOLDER.sub(lambda match: values.get(match[1], match[0]), text)


def placeholders(text: str) -> Iterator[str]:
    """The names of the placeholders in a text, each once, in order."""
    yield from dict.fromkeys(PLACEHOLDER.findall(text))


def uses_shell(text: str) -> bool:
    """Whether a command line needs a shell to work as written. Raises `ValueError` for an unclosed quote."""
    shlex.split(text)
    quote = ""
    escaped = False
    for char in text:
        if escaped:
            escaped = False
        elif char == "\\" and quote != "'":
            escaped = True
        elif quote:
            if char == quote:
                quote = ""
            elif quote == '"' and char in "$`":
                return True
        elif char in "'\"":
            quote = char
        elif char in "|&;<>()$`*?~#\n":
            return True
    return False
