"""Defines a job (one execution of a playbook step by a runner) and judges whether it succeeded.

What a job runs is fixed and recorded when the job is queued. `bot.workers.job_runner` executes it.
"""

from __future__ import annotations

import hashlib
import json
import math
import shlex
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from bot.domain.errors import Refused
from bot.domain.playbook.definition import Command, Step, Success, fill_in, placeholders
from bot.domain.values.durations import exact

MAX_ARGUMENT_BYTES = 8 * 1024
MAX_ARGUMENTS = 256
MAX_COMMAND_BYTES = 64 * 1024


class JobState(StrEnum):
    """The state of a job."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    REFUSED = "refused"  # no longer permitted when its turn came
    MAY_HAVE_RUN = "may_have_run"  # the replica that ran it is gone; a person has to say what happened
    SETTLED = "settled"  # a person has said what happened


class Action(StrEnum):
    """Whether a job runs a step or rolls it back."""

    RUN = "run"
    ROLLBACK = "rollback"


class ExitKind(StrEnum):
    """The ways in which an invocation ends."""

    ENDED = "ended"  # by itself, with an exit code, a status or a value
    TIMED_OUT = "timed_out"
    LIMIT_EXCEEDED = "too_much"  # too much output, or too many processes
    STOPPED = "stopped"  # by Tocsin, which is shutting down or lost its lease
    NOT_STARTED = "not_started"  # nothing has happened


@dataclass(frozen=True, slots=True)
class Invocation:
    """One command or request for a runner. `args` is an argv, a method and a URL, a query, or a number of seconds."""

    args: tuple[str, ...]

    @property
    def quoted(self) -> str:
        """The arguments quoted as for a shell, so that people see where each one begins and ends."""
        return shlex.join(self.args)


@dataclass(frozen=True, slots=True)
class Allowed:
    """A runner's permission for an invocation. The texts are for people, who read them before it runs."""

    rule: str  # of the policy, that permits it
    where: str  # program and directory, or host
    run_as: str  # the user, or the headers sent
    limits: str  # time and output
    timeout: timedelta  # the policy's


@dataclass(frozen=True, slots=True)
class InvocationResult:
    """The end of one invocation, and its output."""

    kind: ExitKind
    summary: str  # for people
    value: float | None = None  # exit code, HTTP status, or the first value of a query
    output: str = ""  # not yet masked
    values: tuple[float, ...] = ()  # of a query with several series, all of them
    truncated: bool = False  # `output` may end within a word; implied by every `kind` but `ENDED`


@dataclass(frozen=True, slots=True)
class Plan:
    """The invocations of a job, byte for byte, and their limits. People confirm its `digest`."""

    runner: str
    action: Action
    invocations: tuple[Invocation, ...]
    timeout: timedelta
    success: Success | None = None
    retries: int = 0
    retry_every: timedelta = timedelta()
    remedy: str | None = None  # its action in the decision matrix; set: it is meant to change something
    where: str = ""  # this and the next three: as in `Allowed`
    run_as: str = ""
    limits: str = ""
    rule: str = ""
    undo: tuple[Invocation, ...] = ()  # the rollback, filled in with the values at the time of queueing

    @property
    def digest(self) -> str:
        """SHA-256 of the stored form, in hex. An approval is valid for exactly this digest."""
        canonical = json.dumps(self.as_json(), sort_keys=True, separators=(",", ":"), ensure_ascii=True)
        return hashlib.sha256(canonical.encode()).hexdigest()

    def as_json(self) -> dict[str, Any]:
        """The plan as it is stored. The keys are fixed: rows of earlier versions and every digest depend on them."""
        return {
            "runner": self.runner,
            "action": str(self.action),
            "pieces": [list(invocation.args) for invocation in self.invocations],
            "timeout_s": self.timeout.total_seconds(),
            "success": asdict(self.success) if self.success else None,
            "retries": self.retries,
            "retry_every_s": self.retry_every.total_seconds(),
            "remedy": self.remedy,
            "where": self.where,
            "whom": self.run_as,
            "limits": self.limits,
            "by": self.rule,
            "undo": [list(invocation.args) for invocation in self.undo],
        }

    @staticmethod
    def from_json(data: dict[str, Any]) -> Plan:
        """The plan that was stored as `data`. Raises `KeyError` where a field is missing."""
        return Plan(
            runner=data["runner"],
            action=Action(data["action"]),
            invocations=tuple(Invocation(tuple(args)) for args in data["pieces"]),
            timeout=timedelta(seconds=data["timeout_s"]),
            success=Success(**data["success"]) if data["success"] else None,
            retries=data["retries"],
            retry_every=timedelta(seconds=data["retry_every_s"]),
            remedy=data["remedy"],
            where=data["where"],
            run_as=data["whom"],
            limits=data["limits"],
            rule=data["by"],
            undo=tuple(Invocation(tuple(args)) for args in data["undo"]),
        )

    @property
    def preview(self) -> str:
        """The invocations as they will run, one a line."""
        return "\n".join(invocation.quoted for invocation in self.invocations)

    @property
    def success_text(self) -> str:
        """The criterion for success, in words."""
        success = self.success or Success()
        if success.promql is not None:
            relation = [
                *([f"more than {success.over:g}"] if success.over is not None else []),
                *([f"less than {success.under:g}"] if success.under is not None else []),
            ]
            return f"{success.promql} is {' and '.join(relation)}"
        if self.runner == "http":
            return f"status {success.status or 200}"
        return f"exit code {success.exit_code or 0}" if self.runner == "process" else "it ends"


@dataclass(frozen=True, slots=True)
class Job:
    """A queued step with its state, as stored."""

    id: int
    incident: int
    walk: int  # number of the playbook run
    step: str  # key
    title: str  # of the step
    plan: Plan
    state: JobState
    asked_by: str
    asked_at: datetime
    approved_by: str | None = None
    attempts: int = 0
    position: int = 0  # of the invocation begun last in this attempt, from 0
    fence: int = 0  # counts claims; a write with an older one is ignored
    undoes: int | None = None  # the job that this rollback reverts
    chain: bool = False  # a rollback that continues with the step before
    started_at: datetime | None = None
    finished_at: datetime | None = None
    outcome: str = ""  # for people
    output: str = ""  # masked
    settled_by: str | None = None  # who said what happened
    digest: str = ""  # of the plan when it was queued

    @property
    def action(self) -> Action:
        """Whether the job runs the step or rolls it back."""
        return self.plan.action


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether an invocation or a job succeeded, and why in words."""

    succeeded: bool
    summary: str


def invocations_of(step: Step, values: Mapping[str, str], action: Action) -> tuple[Invocation, ...]:
    """A runner's invocations for a step, byte for byte. Raises `Refused` if people do it or a value is missing."""
    if action is Action.ROLLBACK:
        if not step.rollback:
            raise Refused(f"Step {step.key} has no commands to roll it back. {step.rollback_text}".strip())
        return tuple(_command_invocation(command, values) for command in step.rollback)
    automation = step.automation
    if automation is None:
        raise Refused(f"Step {step.key} is for a person: the playbook names no runner for it.")
    if automation.runner == "http":
        return (_checked_invocation(automation.method, _fill_in(automation.url or "", values)),)
    if automation.runner == "promql":
        return (_checked_invocation(_fill_in((automation.success or Success()).promql or "", values)),)
    if automation.runner == "wait":
        return (_checked_invocation(f"{(automation.wait or timedelta()).total_seconds():g}"),)
    chosen = automation.commands or range(1, len(step.commands) + 1)
    return tuple(_command_invocation(step.commands[number - 1], values) for number in chosen)


def preview(step: Step, values: Mapping[str, str], action: str) -> tuple[str, ...]:
    """The lines that people see before they approve a step. They are compared again before anything runs.

    For a step that no runner accepts, they are its commands as a person would copy them.
    """
    try:
        invocations = invocations_of(step, values, Action(action))
    except (Refused, ValueError):
        commands = step.rollback if action == Action.ROLLBACK else step.commands
        return tuple(command.filled_in(values) for command in commands)
    return tuple(invocation.quoted for invocation in invocations)


def _command_invocation(command: Command, values: Mapping[str, str]) -> Invocation:
    return _checked_invocation(*command.argv(values))


def _fill_in(text: str, values: Mapping[str, str]) -> str:
    if missing := [name for name in placeholders(text) if name not in values]:
        raise Refused(f"{', '.join(missing)} must be filled in first.")
    return fill_in(text, values)


def _checked_invocation(*words: str) -> Invocation:
    check_args(words)
    return Invocation(words)


def judge(plan: Plan, position: int, result: InvocationResult) -> Verdict:
    """Whether the invocation at `position`, from 0, succeeded. Commands before the last must exit with 0."""
    if result.kind is not ExitKind.ENDED:
        return Verdict(False, result.summary)
    success = plan.success or Success()
    if plan.runner == "process":
        last = position == len(plan.invocations) - 1
        expected = (success.exit_code or 0) if last else 0
        mismatch = f"{result.summary}, but {expected} was expected" if expected else result.summary
        return Verdict(result.value == expected, result.summary if result.value == expected else mismatch)
    if plan.runner == "http" and success.promql is None:
        expected = success.status or 200
        mismatch = "" if result.value == expected else f", not {expected}"
        return Verdict(not mismatch, f"{result.summary}{mismatch}")
    if plan.runner == "promql":
        return compare(success, result)
    return Verdict(True, result.summary)


def compare(success: Success, result: InvocationResult) -> Verdict:
    """Compare every value of a query with `over` and `under`. No result, or one that is not a number, is a failure."""
    if result.kind is not ExitKind.ENDED:
        return Verdict(False, result.summary)
    if result.value is None:
        return Verdict(False, f"{result.summary}: nothing to compare")
    for value in result.values or (result.value,):
        if math.isnan(value):
            return Verdict(False, f"{result.summary}: not a number, nothing to compare")
        if success.over is not None and not value > success.over:
            return Verdict(False, f"{value:g} is not more than {success.over:g}")
        if success.under is not None and not value < success.under:
            return Verdict(False, f"{value:g} is not less than {success.under:g}")
    return Verdict(True, result.summary)


def retry_after(job: Job) -> timedelta | None:
    """The time to wait before the next attempt. None if no attempt is left."""
    return job.plan.retry_every if job.attempts <= job.plan.retries else None


def check_args(args: Sequence[str]) -> None:
    """Raise `Refused` for arguments with control or invisible characters, and for too many or too long ones."""
    if len(args) > MAX_ARGUMENTS:
        raise Refused(f"It has {len(args)} arguments; the limit is {MAX_ARGUMENTS}.")
    if sum(len(word.encode("utf-8", "surrogatepass")) for word in args) > MAX_COMMAND_BYTES:
        raise Refused(f"It is longer than {MAX_COMMAND_BYTES // 1024} KiB in total.")
    for word in args:
        if len(word.encode("utf-8", "surrogatepass")) > MAX_ARGUMENT_BYTES:
            raise Refused(f"An argument is longer than {MAX_ARGUMENT_BYTES // 1024} KiB: “{word[:40]}…”.")
        for char in word:
            if unicodedata.category(char) in ("Cc", "Cf", "Co", "Cn", "Cs", "Zl", "Zp") or char in "\u00a0\u2007\u202f":
                raise Refused(
                    f"An argument holds an invisible character, U+{ord(char):04X}, in “{word[:40].strip()!a}”. "
                    "Nothing ran."
                )


def limits_text(timeout: timedelta, output_limit: int) -> str:
    """The limits of a runner for people. `output_limit` is in bytes."""
    return f"{exact(timeout)}, {output_limit // 1024} KiB of output"
