"""Defines a playbook run: a playbook opened in an incident, with the state of each of its steps.

A run keeps an outline of its steps, so that a decision about it does not need the playbook. Descriptions and commands
stay in the playbook, which is stored by digest as it was when the run was opened.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain.errors import Refused
from bot.domain.timeline.entry import Entry


class StepStatus(StrEnum):
    """The state of a step. A step is settled when it is done, has succeeded or is skipped."""

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
    MAY_HAVE_RUN = "may_have_run"  # Tocsin ended while it ran, so how far it got is unknown


SETTLED = frozenset({StepStatus.DONE, StepStatus.SUCCEEDED, StepStatus.SKIPPED})

UNSUCCESSFUL = frozenset({StepStatus.FAILED, StepStatus.TIMED_OUT, StepStatus.MAY_HAVE_RUN})

# States in which something was done or run that can be undone.
UNDOABLE = UNSUCCESSFUL | {StepStatus.DONE, StepStatus.SUCCEEDED}

_STATUS_TEXTS = {
    StepStatus.TIMED_OUT: "timed out",
    StepStatus.ROLLED_BACK: "rolled back",
    StepStatus.MAY_HAVE_RUN: "may have run",
}


class ApprovalStatus(StrEnum):
    """The state of a request for approval."""

    WAITING = "waiting"
    APPROVED = "approved"
    BREAK_GLASS = "broken"  # done without approval, with a reason
    REFUSED = "refused"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


GRANTED = frozenset({ApprovalStatus.APPROVED, ApprovalStatus.BREAK_GLASS})


@dataclass(frozen=True, slots=True)
class Approval:
    """A request for approval of exactly what `shown` says, byte for byte."""

    number: int  # counts the requests of a run
    action: str  # `do`, `run` or `rollback`
    by: str
    asked_at: datetime
    due_at: datetime
    shown: tuple[str, ...]
    answer: ApprovalStatus = ApprovalStatus.WAITING
    answered_by: str | None = None
    answered_at: datetime | None = None
    reason: str = ""
    people: tuple[str, ...] = ()  # who got it as a direct message
    was: StepStatus = StepStatus.OPEN  # the step returns to this if approval is not granted


@dataclass(frozen=True, slots=True)
class Note:
    """A note on a step."""

    by: str
    at: datetime
    text: str


@dataclass(frozen=True, slots=True)
class StepState:
    """One step of a run. `by` and `at` say who changed its state last, and when."""

    key: str
    title: str
    phase: int  # from 0
    timeout: timedelta
    parallel: str | None = None
    needs_approval: bool = False
    state: StepStatus = StepStatus.OPEN
    by: str | None = None
    at: datetime | None = None
    reason: str = ""  # why it was skipped, or how the job ended
    failed: str = ""  # why the job failed that is being rolled back, or was
    holder: str | None = None  # the person it is assigned to
    notes: tuple[Note, ...] = ()
    started_at: datetime | None = None  # when its timer started
    turns: int = 0  # how often its timer started
    nudged: int = 0  # reminders sent since its timer started
    reminders: tuple[str, ...] = ()  # `dedup_key` of the deadline whose reminder still has buttons
    asked: Approval | None = None  # the latest request
    job: str | None = None  # the latest
    action: str = "run"  # of that job: `run` or `rollback`

    @property
    def settled(self) -> bool:
        """Whether nothing more is expected of the step: it is done, has succeeded or is skipped."""
        return self.state in SETTLED

    @property
    def undoable(self) -> bool:
        """Whether there is something to undo: the step was done or run, or may have run."""
        waits = self.state in (StepStatus.WAITING, StepStatus.APPROVED)
        before = self.asked.was if self.asked is not None and waits else self.state
        return before in UNDOABLE

    @property
    def approved(self) -> bool:
        """Whether the step may be done. An approval is valid once, and one of a rollback only for the rollback."""
        if not self.needs_approval:
            return True
        approval = self.asked if self.state is StepStatus.APPROVED else None
        return approval is not None and approval.answer in GRANTED and approval.action != "rollback"


@dataclass(frozen=True, slots=True)
class PlaybookRun:
    """A playbook opened in an incident, stored as JSON under these field names."""

    incident: int
    number: int  # counts the runs of an incident
    playbook: str  # ID
    digest: str  # of the playbook when it was opened
    name: str  # of the playbook
    opened_by: str
    opened_at: datetime
    steps: tuple[StepState, ...]  # in the playbook's order
    values: dict[str, str] = field(default_factory=dict)
    kind: str = "playbook"
    drill: bool = False
    outcome: str | None = None  # None while it is active, then `finished` or `abandoned`
    ended_by: str | None = None
    ended_at: datetime | None = None
    reason: str = ""  # why it was stopped
    helped: bool | None = None  # whether it helped, as somebody said afterwards
    approvals_asked: int = 0
    criteria: tuple[int, ...] = ()  # positions of the escalation criteria that were used
    before: str = ""  # how earlier runs of the playbook went, in words

    @property
    def active(self) -> bool:
        """Whether the run goes on: it was neither completed nor abandoned."""
        return self.outcome is None

    @property
    def settled(self) -> int:
        """The number of settled steps."""
        return sum(step.settled for step in self.steps)

    def step(self, key: str) -> StepState:
        """The step with this key. Raises `Refused` if there is none."""
        for step in self.steps:
            if step.key == key:
                return step
        raise Refused(f"{self.name} has no step {key[:20]}.", "playbook")


class StepAlreadySettled(Refused):
    """Another person settled the step first. `step` says who and when; `outcome` says what they did."""

    def __init__(self, outcome: str, step: StepState) -> None:
        super().__init__(f"Step {step.key} is {status_text(step.state)} already.", "playbook")
        self.outcome = outcome
        self.step = step


@dataclass(frozen=True, slots=True)
class RunChange:
    """The result of an action on a run: the changed run, and the timeline entries to append."""

    run: PlaybookRun
    entries: tuple[Entry, ...] = ()


def status_text(state: StepStatus) -> str:
    """A step's state in words."""
    return _STATUS_TEXTS.get(state, str(state))


def current_steps(run: PlaybookRun) -> tuple[StepState, ...]:
    """The first step that is not settled, and the steps parallel to it. Empty once the run has ended."""
    if not run.active:
        return ()
    unsettled = [step for step in run.steps if not step.settled]
    if not unsettled:
        return ()
    first = unsettled[0]
    return tuple(step for step in unsettled if step is first or _parallel(run, first, step))


def next_step(run: PlaybookRun) -> StepState | None:
    """The first step after the current ones. None if there is none."""
    now = {step.key for step in current_steps(run)}
    return next((step for step in run.steps if not step.settled and step.key not in now), None) if now else None


def pending_approvals(run: PlaybookRun) -> tuple[tuple[StepState, Approval], ...]:
    """The steps that wait for approval, with their requests."""
    return tuple((step, step.asked) for step in run.steps if step.asked and step.asked.answer is ApprovalStatus.WAITING)


def _parallel(run: PlaybookRun, first: StepState, other: StepState) -> bool:
    """Whether two steps are parallel: in one group and one phase, with only steps of that group between them."""
    if first.parallel is None or other.parallel != first.parallel or other.phase != first.phase:
        return False
    start, end = run.steps.index(first), run.steps.index(other)
    return all(step.parallel == first.parallel for step in run.steps[start:end])
