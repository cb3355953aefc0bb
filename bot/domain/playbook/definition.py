"""A playbook as values: what it is for, and its phases of steps. The YAML reader lives in `playbooks`."""

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

# `{namespace}`; not `${home}`, `%{http_code}` or `{{.Names}}`, which belong to shells, curl and Go templates.
PLACEHOLDER = re.compile(r"(?<![{$%])\{([a-z][a-z0-9_]*)\}(?!\})")
# Whatever a parameter's own pattern allows, a value is one word without anything a shell or SQL would act on.
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
    """A blank in commands. Where `default` is None a person must fill it in."""

    name: str
    description: str = ""
    type: str = "name"
    pattern: str | None = None  # narrows `type` further
    options: tuple[str, ...] = ()
    default: str | None = None

    @property
    def required(self) -> bool:
        return self.default is None

    def problem_with(self, value: str) -> str | None:
        """Why `value` cannot be used, in words; None where it can."""
        if self.options:
            known = ", ".join(self.options)
            return None if value in self.options else f"{self.name} must be one of {known}, not “{value[:60]}”."
        wanted = f"{self.name} must be a {self.type} such as {self.default or EXAMPLES[self.type]}"
        if not TYPES[self.type].fullmatch(value) or not SAFE_VALUE.fullmatch(value) or ".." in value:
            return f"{wanted}, not “{value[:60]}”."
        if self.pattern and not matches_fully(self.pattern, value):
            return f"{self.name} must match {self.pattern}, and “{value[:60]}” does not."
        return None


@dataclass(frozen=True, slots=True)
class Command:
    """One command. `run` may hold `{name}` tokens; `note` says why it is not what the source document has."""

    run: str
    about: str = ""
    note: str = ""

    @property
    def placeholders(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(PLACEHOLDER.findall(self.run)))

    @property
    def needs_shell(self) -> bool:
        """Whether it pipes, redirects or expands: such a command is for people to copy, no runner takes it."""
        return uses_shell(self.run)

    def filled_in(self, values: Mapping[str, str]) -> str:
        """To copy. A token without a value stays."""
        return fill_in(self.run, values)

    def argv(self, values: Mapping[str, str]) -> tuple[str, ...]:
        """To run without a shell: split first and filled in after, so no value is ever more than one argument.

        Raises `Refused` where a shell is needed or a value is missing.
        """
        if self.needs_shell:
            raise Refused("This command needs a shell, and nothing here is given to one. Copy it and run it yourself.")
        if missing := [name for name in self.placeholders if name not in values]:
            raise Refused(f"{', '.join(missing)} must be filled in first.")
        return tuple(fill_in(part, values) for part in shlex.split(self.run))


@dataclass(frozen=True, slots=True)
class Success:
    """What decides whether an automated step worked. Only one of the three is set."""

    exit_code: int | None = None
    status: int | None = None
    promql: str | None = None
    over: float | None = None
    under: float | None = None


@dataclass(frozen=True, slots=True)
class Automation:
    """What a runner needs to know, where the operator has opened the door to one."""

    runner: str
    commands: tuple[int, ...] = ()  # of `process`: positions from 1; all where empty
    url: str | None = None  # of `http`
    method: str = "GET"  # of `http`
    wait: timedelta | None = None  # of `wait`
    action: str | None = None  # the row of the decision matrix: restart, scale_up …
    confidence: float | None = None
    retries: int = 0
    retry_every: timedelta = timedelta()
    success: Success | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do. `key` is its place (`2.3`: phase 2, step 3); `when` says what must be so for it to apply."""

    key: str
    title: str
    description: str = ""
    when: str = ""
    commands: tuple[Command, ...] = ()
    verification: str = ""
    expected: str = ""
    rollback: tuple[Command, ...] = ()
    rollback_text: str = ""
    timeout: timedelta = timedelta(minutes=10)
    requires_approval: bool = False
    dangerous: str = ""  # the reason; empty where it is not
    note: str = ""
    parallel: str | None = None
    automation: Automation | None = None


@dataclass(frozen=True, slots=True)
class Phase:
    title: str
    steps: tuple[Step, ...]
    within: str = ""  # "0–15 min", as people read it


@dataclass(frozen=True, slots=True)
class Playbook:
    """What to do about one sort of trouble. `ranks` count severities from the worst, 1; empty together with `keys`
    means that it fits every severity."""

    id: str
    name: str
    category: str
    phases: tuple[Phase, ...]
    kind: str = "playbook"
    description: str = ""
    ranks: tuple[int, ...] = ()
    keys: tuple[str, ...] = ()
    symptoms: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    alerts: tuple[Mapping[str, str], ...] = ()
    prerequisites: tuple[str, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    escalation_criteria: tuple[str, ...] = ()
    communication: tuple[str, ...] = ()
    post_resolution: tuple[str, ...] = ()
    related: tuple[str, ...] = ()
    owner: str = ""
    last_reviewed: date | None = None
    expected_duration: timedelta | None = None
    sources: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    file: str = ""
    digest: str = ""

    @property
    def steps(self) -> tuple[Step, ...]:
        return tuple(step for phase in self.phases for step in phase.steps)

    def severities(self, worst_first: Sequence[str]) -> tuple[str, ...]:
        """The keys of a policy's severities that this is for."""
        if not self.ranks and not self.keys:
            return tuple(worst_first)
        named = {fold_name(key) for key in self.keys}
        return tuple(key for rank, key in enumerate(worst_first, 1) if rank in self.ranks or fold_name(key) in named)

    def filled_values(self, overrides: Mapping[str, str] | None = None) -> dict[str, str]:
        """What commands are filled in with: the defaults, and over them what was given.

        Raises `Refused` with the first thing that is wrong; what is required and not given is simply not there.
        """
        known = {parameter.name: parameter for parameter in self.parameters}
        found = {name: parameter.default for name, parameter in known.items() if parameter.default is not None}
        for name, value in (overrides or {}).items():
            if name not in known:
                raise Refused(f"{self.id} has no parameter “{name[:40]}”. It has: {', '.join(known) or 'none'}.")
            if trouble := known[name].problem_with(value):
                raise Refused(trouble)
            found[name] = value
        return found

    def missing_parameters(self, step: Step, values: Mapping[str, str]) -> tuple[Parameter, ...]:
        """The parameters of this step's commands that a person must fill in first."""
        wanted = [name for command in (*step.commands, *step.rollback) for name in command.placeholders]
        return tuple(one for one in self.parameters if one.name in wanted and one.name not in values)


def fill_in(text: str, values: Mapping[str, str]) -> str:
    return PLACEHOLDER.sub(lambda match: values.get(match[1], match[0]), text)


def placeholders(text: str) -> Iterator[str]:
    yield from dict.fromkeys(PLACEHOLDER.findall(text))


def uses_shell(text: str) -> bool:
    """Whether a command line only means what it says in a shell. Raises `ValueError` where a quote never closes."""
    shlex.split(text)
    quote = ""
    past_a_backslash = False
    for char in text:
        if past_a_backslash:
            past_a_backslash = False
        elif char == "\\" and quote != "'":
            past_a_backslash = True
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
