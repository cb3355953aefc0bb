"""A playbook being walked in an incident: how each step stands, who did what, what comes next. Pure functions.

A walk keeps a skeleton of its playbook's steps, so that it decides without the playbook; the words and commands stay
in the playbook as it was when the walk was opened, by its digest.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain.errors import Refused
from bot.domain.timeline.entry import Entry


class StepStatus(StrEnum):
    """Of a step. Where it is not settled, a person still decides."""

    OPEN = "open"
    WAITING = "waiting"  # for approval
    APPROVED = "approved"
    RUNNING = "running"
    DONE = "done"
    SUCCEEDED = "succeeded"
    SKIPPED = "skipped"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    ROLLED_BACK = "rolled_back"
    MAY_HAVE_RUN = "may_have_run"  # the process ended while it ran; nobody knows how far it came


SETTLED = frozenset({StepStatus.DONE, StepStatus.SUCCEEDED, StepStatus.SKIPPED})

UNSUCCESSFUL = frozenset({StepStatus.FAILED, StepStatus.TIMED_OUT, StepStatus.MAY_HAVE_RUN})

_STATUS_TEXTS = {
    StepStatus.TIMED_OUT: "timed out",
    StepStatus.ROLLED_BACK: "rolled back",
    StepStatus.MAY_HAVE_RUN: "may have run",
}


class ApprovalStatus(StrEnum):
    """What became of a request for approval."""

    WAITING = "waiting"
    APPROVED = "approved"
    BREAK_GLASS = "broken"  # break-glass: nobody else approved
    REFUSED = "refused"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


GRANTED = frozenset({ApprovalStatus.APPROVED, ApprovalStatus.BREAK_GLASS})


@dataclass(frozen=True, slots=True)
class Approval:
    """A request. `shown` is what will be done, byte for byte; of anything else it says nothing."""

    number: int  # counts a walk's requests
    action: str  # `do`, `run` or `rollback`
    by: str
    asked_at: datetime
    due_at: datetime
    shown: tuple[str, ...]
    answer: ApprovalStatus = ApprovalStatus.WAITING
    answered_by: str | None = None
    answered_at: datetime | None = None
    reason: str = ""
    people: tuple[str, ...] = ()  # who was asked directly
    was: StepStatus = StepStatus.OPEN  # the step is that again where it is not granted


@dataclass(frozen=True, slots=True)
class Note:
    by: str
    at: datetime
    text: str


@dataclass(frozen=True, slots=True)
class StepState:
    """How one step stands. `by` and `at`: who brought it there and when."""

    key: str
    title: str
    phase: int  # from 0
    timeout: timedelta
    parallel: str | None = None
    needs_approval: bool = False
    state: StepStatus = StepStatus.OPEN
    by: str | None = None
    at: datetime | None = None
    reason: str = ""  # of a skip; what came of a run
    failed: str = ""  # why the run failed that is being taken back, or was
    holder: str | None = None
    notes: tuple[Note, ...] = ()
    started_at: datetime | None = None  # since when it is its turn
    turns: int = 0  # how often it became its turn, or began anew
    nudged: int = 0
    reminders: tuple[str, ...] = ()  # `dedup_key` of the deadline whose reminder still stands
    asked: Approval | None = None  # the latest request
    job: str | None = None
    action: str = "run"  # of that job, or `rollback`

    @property
    def settled(self) -> bool:
        return self.state in SETTLED

    @property
    def approved(self) -> bool:
        """Whether a person may go on with it. An approval ends with its act; one of taking back is for that alone."""
        if not self.needs_approval:
            return True
        asked = self.asked if self.state is StepStatus.APPROVED else None
        return asked is not None and asked.answer in GRANTED and asked.action != "rollback"


@dataclass(frozen=True, slots=True)
class PlaybookRun:
    """`number` counts an incident's walks. `outcome`: None while it goes on, then `finished` or `abandoned`;
    `helped` is what somebody said of it afterwards.
    """

    incident: int
    number: int
    playbook: str
    digest: str
    name: str
    opened_by: str
    opened_at: datetime
    steps: tuple[StepState, ...]
    values: dict[str, str] = field(default_factory=dict)
    kind: str = "playbook"
    drill: bool = False
    outcome: str | None = None
    ended_by: str | None = None
    ended_at: datetime | None = None
    reason: str = ""
    helped: bool | None = None
    approvals_asked: int = 0
    criteria: tuple[int, ...] = ()  # positions of escalation criteria that somebody called
    before: str = ""  # how the playbook fared until this walk, in words

    @property
    def active(self) -> bool:
        return self.outcome is None

    @property
    def settled(self) -> int:
        return sum(step.settled for step in self.steps)

    def step(self, key: str) -> StepState:
        """Raises `Refused` where the playbook has no such step."""
        for step in self.steps:
            if step.key == key:
                return step
        raise Refused(f"{self.name} has no step {key[:20]}.", "playbook")


class Overtaken(Refused):
    """Somebody was first. `by` and `at` say who and when, so that it can be told kindly."""

    def __init__(self, outcome: str, step: StepState) -> None:
        super().__init__(f"Step {step.key} is {status_text(step.state)} already.", "playbook")
        self.outcome = outcome
        self.step = step


@dataclass(frozen=True, slots=True)
class RunChange:
    """What an act made of a walk: how it stands now, and the entries to append."""

    run: PlaybookRun
    entries: tuple[Entry, ...] = ()


def status_text(state: StepStatus) -> str:
    return _STATUS_TEXTS.get(state, str(state))


def current_steps(run: PlaybookRun) -> tuple[StepState, ...]:
    """Whose turn it is: the first step that is not settled, and those declared parallel to it. None once it is over."""
    if not run.active:
        return ()
    left = [step for step in run.steps if not step.settled]
    if not left:
        return ()
    first = left[0]
    return tuple(step for step in left if step is first or _parallel(run, first, step))


def next_step(run: PlaybookRun) -> StepState | None:
    """The step after those whose turn it is."""
    now = {step.key for step in current_steps(run)}
    return next((step for step in run.steps if not step.settled and step.key not in now), None) if now else None


def pending_approvals(run: PlaybookRun) -> tuple[tuple[StepState, Approval], ...]:
    return tuple((step, step.asked) for step in run.steps if step.asked and step.asked.answer is ApprovalStatus.WAITING)


def _parallel(run: PlaybookRun, first: StepState, other: StepState) -> bool:
    """Parallel: of one group, in one phase, with nothing of another kind between them."""
    if first.parallel is None or other.parallel != first.parallel or other.phase != first.phase:
        return False
    from_, to = run.steps.index(first), run.steps.index(other)
    return all(step.parallel == first.parallel for step in run.steps[from_:to])
