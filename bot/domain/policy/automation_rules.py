"""What the operator allows to be run, as values: the policy's `automation`. Nothing at all where it says nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.domain.policy.policy import Condition

DECISIONS = ("auto", "approve", "manual")


@dataclass(frozen=True, slots=True)
class Executable:
    """A program that may be run. `arguments`: of each form one pattern an argument; all must match, wholly.

    The environment is `environment` and what `environment_from` names of the bot's own, nothing else.
    """

    path: str
    arguments: tuple[tuple[str, ...], ...] = ()
    working_directory: str = "/"
    environment: dict[str, str] = field(default_factory=dict)
    environment_from: tuple[str, ...] = ()
    search_path: str = "/usr/bin:/bin"
    home: str = "/nonexistent"
    user: str | None = None
    timeout: timedelta = timedelta(minutes=1)
    output_limit: int = 256 * 1024
    memory: int | None = 2 * 1024**3  # bytes of address space
    processes: int = 512

    @property
    def name(self) -> str:
        """How commands call it."""
        return self.path.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class ProcessRules:
    allow: tuple[Executable, ...] = ()
    concurrency: int = 2


@dataclass(frozen=True, slots=True)
class Host:
    """A host that may be asked. `addresses`: networks it may lie in although they are not the public internet's.

    `headers`: header → the environment variable that holds its value.
    """

    host: str
    methods: tuple[str, ...] = ("GET",)
    paths: tuple[str, ...] = ("/.*",)
    headers: dict[str, str] = field(default_factory=dict)
    addresses: tuple[str, ...] = ()
    plain: bool = False  # http:// too
    ports: tuple[int, ...] = ()  # where empty: that of the scheme


@dataclass(frozen=True, slots=True)
class HttpRules:
    allow: tuple[Host, ...] = ()
    timeout: timedelta = timedelta(seconds=10)
    output_limit: int = 256 * 1024
    concurrency: int = 4


@dataclass(frozen=True, slots=True)
class PromqlRules:
    timeout: timedelta = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class WaitRules:
    longest: timedelta = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class MatrixRow:
    """One line of the decision matrix. Empty means any; `confidence` must be exceeded; `radius` must hold."""

    key: str
    decision: str
    name: str = ""
    playbooks: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    actions: tuple[str, ...] = ()
    confidence: float | None = None
    radius: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class AutomationRules:
    """The door. `otherwise` is what is decided where no line of the matrix fits."""

    enabled: bool = False
    process: ProcessRules | None = None
    http: HttpRules | None = None
    promql: PromqlRules | None = None
    wait: WaitRules | None = None
    matrix: tuple[MatrixRow, ...] = ()
    thresholds: dict[str, float] = field(default_factory=dict)  # by action
    severities: tuple[str, ...] = ()  # at which something may run without a person; empty: every one
    otherwise: str = "manual"
    on_failure: str = "rollback"
