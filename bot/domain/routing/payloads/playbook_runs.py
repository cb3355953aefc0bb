"""Payloads about runs of playbooks and their jobs."""

from __future__ import annotations

from dataclasses import dataclass

from bot.domain.routing.payloads.payload import Payload


@dataclass(frozen=True)
class RunPayload(Payload):
    """A playbook run."""

    walk: int  # its number within the incident


@dataclass(frozen=True)
class ApprovalPayload(RunPayload):
    """A request for approval; in the channel, or to one approver."""

    approval: int
    person: str | None = None
    of: str | None = None  # dedup key of the message, for an edit


@dataclass(frozen=True)
class StepOverduePayload(RunPayload):
    """A reminder of an overdue step."""

    step: str
    turn: int  # how often the step was started, at the time
    person: str
    nudged: int = 0
    late_s: float | None = None


@dataclass(frozen=True)
class JobPayload(RunPayload):
    """A job of a run."""

    job: int


@dataclass(frozen=True)
class JobLeftoversPayload(JobPayload):
    """The steps left to roll back by hand."""

    why: str = ""
    lines: tuple[str, ...] = ()


@dataclass(frozen=True)
class JobSettledPayload(Payload):
    """Names the settled question whether a step has run."""

    job: int
    of: str
    outcome: str = ""
