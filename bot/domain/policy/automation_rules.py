"""Defines which playbook steps the bot may run by itself: the policy's `automation` section.

A policy without that section lets the bot run nothing. Field names are those of the policy's JSON.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.domain.policy.policy import Condition


@dataclass(frozen=True, slots=True)
class Executable:
    """A program that may be run."""

    path: str
    arguments: tuple[tuple[str, ...], ...] = ()  # allowed forms: a pattern for each argument, all to match in full
    working_directory: str = "/"
    environment: dict[str, str] = field(default_factory=dict)
    environment_from: tuple[str, ...] = ()  # variables of the bot's own environment that are passed on; no others are
    search_path: str = "/usr/bin:/bin"
    home: str = "/nonexistent"
    user: str | None = None  # operating-system user to run as; None: the bot's own
    timeout: timedelta = timedelta(minutes=1)
    output_limit: int = 256 * 1024  # bytes
    memory: int | None = 2 * 1024**3  # bytes of address space
    processes: int = 512

    @property
    def name(self) -> str:
        """The file name, by which commands call it."""
        return self.path.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class ProcessRules:
    """Which programs may run, and how many at once."""

    allow: tuple[Executable, ...] = ()
    concurrency: int = 2


@dataclass(frozen=True, slots=True)
class Host:
    """A host that HTTP requests may go to."""

    host: str
    methods: tuple[str, ...] = ("GET",)
    paths: tuple[str, ...] = ("/.*",)  # patterns
    headers: dict[str, str] = field(default_factory=dict)  # header → environment variable with its value
    addresses: tuple[str, ...] = ()  # private networks that the host may resolve to
    plain: bool = False  # http:// as well as https://
    ports: tuple[int, ...] = ()  # empty: the scheme's port


@dataclass(frozen=True, slots=True)
class HttpRules:
    """Which HTTP requests may be made, and how many at once."""

    allow: tuple[Host, ...] = ()
    timeout: timedelta = timedelta(seconds=10)
    output_limit: int = 256 * 1024  # bytes
    concurrency: int = 4


@dataclass(frozen=True, slots=True)
class PromqlRules:
    """Limits of PromQL queries."""

    timeout: timedelta = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class WaitRules:
    """Limits of waiting steps."""

    longest: timedelta = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class MatrixRow:
    """One row of the decision matrix. An empty condition fits anything."""

    key: str
    decision: str  # `auto`, `approve` or `manual`
    name: str = ""
    playbooks: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    actions: tuple[str, ...] = ()
    confidence: float | None = None  # confidence in the cause must exceed it
    radius: tuple[Condition, ...] = ()  # blast radius: facts that must hold


@dataclass(frozen=True, slots=True)
class AutomationRules:
    """The policy's `automation` section."""

    enabled: bool = False  # whether anything may run at all
    process: ProcessRules | None = None
    http: HttpRules | None = None
    promql: PromqlRules | None = None
    wait: WaitRules | None = None
    matrix: tuple[MatrixRow, ...] = ()
    thresholds: dict[str, float] = field(default_factory=dict)  # least confidence in the cause, by action
    severities: tuple[str, ...] = ()  # at which steps may run without a person; empty: all
    otherwise: str = "manual"  # the decision where no row of the matrix fits
    on_failure: str = "rollback"  # or `ask`
