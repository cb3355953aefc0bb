"""A job: one step of a playbook given to a runner. What exactly runs is settled when it is asked for, and kept."""

from __future__ import annotations

import hashlib
import json
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
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    REFUSED = "refused"  # not allowed any more when its turn came
    MAY_HAVE_RUN = "may_have_run"  # whoever ran it is gone; a person says what became of it
    SETTLED = "settled"  # a person has said


class Action(StrEnum):
    RUN = "run"
    ROLLBACK = "rollback"


class ExitKind(StrEnum):
    """How one piece of a job ended."""

    ENDED = "ended"  # with a code, a status or a figure
    TIMED_OUT = "timed_out"
    LIMIT_EXCEEDED = "too_much"  # output
    STOPPED = "stopped"  # by the bot, which is stopping or has lost its claim
    NOT_STARTED = "not_started"  # nothing has happened


@dataclass(frozen=True, slots=True)
class Invocation:
    """One thing to run: an argv, a method and an address, a query, or seconds to wait."""

    args: tuple[str, ...]

    @property
    def quoted(self) -> str:
        """Each word quoted as a shell would need it, so that where one ends and the next begins is seen."""
        return shlex.join(self.args)


@dataclass(frozen=True, slots=True)
class Allowed:
    """Why a piece may run, and within what: for people, before it runs. `timeout` is what the policy says."""

    rule: str
    where: str
    run_as: str
    limits: str
    timeout: timedelta


@dataclass(frozen=True, slots=True)
class InvocationResult:
    """What came of one piece. `figure` is an exit code, a status or the result of a query; `words` say it.

    `figures`: of a query with several series, all of them. `cut`: its output may end in the middle of a word; that of
    what has not `ENDED` may in any case.
    """

    kind: ExitKind
    summary: str
    value: float | None = None
    output: str = ""
    values: tuple[float, ...] = ()
    truncated: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """What a job will do, byte for byte, and under which limits. `digest` is what an approval is given to."""

    runner: str
    action: Action
    invocations: tuple[Invocation, ...]
    timeout: timedelta
    success: Success | None = None
    retries: int = 0
    retry_every: timedelta = timedelta()
    remedy: str | None = None  # the action of the decision matrix: it changes something
    where: str = ""
    run_as: str = ""
    limits: str = ""
    rule: str = ""  # the rule that allows it
    undo: tuple[Invocation, ...] = ()  # what takes it back, with the values of this moment

    @property
    def digest(self) -> str:
        canonical = json.dumps(self.as_json(), sort_keys=True, separators=(",", ":"), ensure_ascii=True)
        return hashlib.sha256(canonical.encode()).hexdigest()

    def as_json(self) -> dict[str, Any]:
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
        return Plan(
            runner=data["runner"],
            action=Action(data["action"]),
            invocations=tuple(Invocation(tuple(words)) for words in data["pieces"]),
            timeout=timedelta(seconds=data["timeout_s"]),
            success=Success(**data["success"]) if data["success"] else None,
            retries=data["retries"],
            retry_every=timedelta(seconds=data["retry_every_s"]),
            remedy=data["remedy"],
            where=data["where"],
            run_as=data["whom"],
            limits=data["limits"],
            rule=data["by"],
            undo=tuple(Invocation(tuple(words)) for words in data["undo"]),
        )

    @property
    def preview(self) -> str:
        """A line each, as it will run."""
        return "\n".join(invocation.quoted for invocation in self.invocations)

    @property
    def success_text(self) -> str:
        """What decides whether it worked, in words."""
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
    """A row. `position` counts the pieces begun in this attempt; `undoes` is the job that a rollback takes back."""

    id: int
    incident: int
    walk: int
    step: str
    title: str
    plan: Plan
    state: JobState
    asked_by: str
    asked_at: datetime
    approved_by: str | None = None
    attempts: int = 0
    position: int = 0
    fence: int = 0
    undoes: int | None = None
    chain: bool = False  # a rollback that goes on with the step before
    started_at: datetime | None = None
    finished_at: datetime | None = None
    outcome: str = ""
    output: str = ""
    settled_by: str | None = None
    digest: str = ""  # of the plan, as it was asked for

    @property
    def action(self) -> Action:
        return self.plan.action


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a job has worked, in words."""

    succeeded: bool
    summary: str


def invocations_of(step: Step, values: Mapping[str, str], action: Action) -> tuple[Invocation, ...]:
    """What a runner would be given, byte for byte. Raises `Refused` where this is for a person."""
    if action is Action.ROLLBACK:
        if not step.rollback:
            raise Refused(f"Nothing is written that would take {step.key} back by itself. {step.rollback_text}".strip())
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
    """The lines that are shown for approval, and compared again before anything runs.

    A step that no runner takes shows its commands as a person would copy them.
    """
    try:
        found = invocations_of(step, values, Action(action))
    except (Refused, ValueError):
        listed = step.rollback if action == Action.ROLLBACK else step.commands
        return tuple(command.filled_in(values) for command in listed)
    return tuple(invocation.quoted for invocation in found)


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
    """Of the piece at `position`, from 0. Commands before the last must exit with 0."""
    if result.kind is not ExitKind.ENDED:
        return Verdict(False, result.summary)
    success = plan.success or Success()
    if plan.runner == "process":
        last = position == len(plan.invocations) - 1
        wanted = (success.exit_code or 0) if last else 0
        why = f"{result.summary}, and {wanted} was wanted" if wanted else result.summary
        return Verdict(result.value == wanted, result.summary if result.value == wanted else why)
    if plan.runner == "http" and success.promql is None:
        wanted = success.status or 200
        return Verdict(result.value == wanted, f"{result.summary}{'' if result.value == wanted else f', not {wanted}'}")
    if plan.runner == "promql":
        return compare(success, result)
    return Verdict(True, result.summary)


def compare(success: Success, result: InvocationResult) -> Verdict:
    """The result of a query against `over` and `under`. No result, or not a number, is no success."""
    if result.kind is not ExitKind.ENDED:
        return Verdict(False, result.summary)
    if result.value is None:
        return Verdict(False, f"{result.summary}: nothing to compare")
    for figure in result.values or (result.value,):
        if figure != figure:
            return Verdict(False, f"{result.summary}: not a number, nothing to compare")
        if success.over is not None and not figure > success.over:
            return Verdict(False, f"{figure:g} is not more than {success.over:g}")
        if success.under is not None and not figure < success.under:
            return Verdict(False, f"{figure:g} is not less than {success.under:g}")
    return Verdict(True, result.summary)


def retry_after(job: Job) -> timedelta | None:
    """When a failed attempt is repeated; None where it stands."""
    return job.plan.retry_every if job.attempts <= job.plan.retries else None


def check_args(args: Sequence[str]) -> None:
    """Raises `Refused` for what no program and no person should be shown: control and invisible characters, excess."""
    if len(args) > MAX_ARGUMENTS:
        raise Refused(f"It has {len(args)} arguments; {MAX_ARGUMENTS} are the most.")
    if sum(len(word.encode("utf-8", "surrogatepass")) for word in args) > MAX_COMMAND_BYTES:
        raise Refused(f"It is longer than {MAX_COMMAND_BYTES // 1024} KiB altogether.")
    for word in args:
        if len(word.encode("utf-8", "surrogatepass")) > MAX_ARGUMENT_BYTES:
            raise Refused(f"An argument is longer than {MAX_ARGUMENT_BYTES // 1024} KiB: “{word[:40]}…”.")
        for char in word:
            if unicodedata.category(char) in ("Cc", "Cf", "Co", "Cn", "Cs", "Zl", "Zp") or char in "\u00a0\u2007\u202f":
                raise Refused(
                    f"An argument holds a character that is not seen, U+{ord(char):04X}, in “{word[:40].strip()!a}”. "
                    "Nothing of this is run."
                )


def limits_text(timeout: timedelta, output_limit: int) -> str:
    return f"{exact(timeout)}, {output_limit // 1024} KiB of output"
