"""Operations on the playbooks that are open in an incident, and on their steps."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, Any

from pydantic import ConfigDict, Field

from bot.domain.access import permissions
from bot.domain.errors import NotFound, Refused
from bot.domain.playbook.run import PlaybookRun, StepState
from bot.json_shapes.incidents import instant
from bot.operations.base import (
    Answer,
    Arguments,
    Call,
    NoArguments,
    Operation,
    Shape,
    SlackId,
    Words,
    number_in,
    question,
)
from bot.operations.visibility import visible_incident
from bot.usecases.playbooks import approvals, job_queue, runs
from storage import playbook_runs as stored

TAG = "Playbooks"
RunVerb = Callable[[Call, int, Any], Awaitable[PlaybookRun]]


class StepShape(Shape):
    """A step of a run."""

    model_config = ConfigDict(title="Step")

    key: str
    title: str
    phase: int
    state: str
    by: str | None
    at: datetime | None
    reason: str
    holder: str | None
    needs_approval: bool
    approval: int | None = Field(description="The number of the request for approval that waits.")
    notes: list[dict[str, str]]


class RunShape(Shape):
    """A playbook that is or was open in an incident."""

    model_config = ConfigDict(title="Run")

    run: int
    playbook: str
    name: str
    opened_by: str
    opened_at: datetime
    outcome: str | None
    ended_at: datetime | None
    settled: int
    values: dict[str, str]
    steps: list[StepShape]


class RunsShape(Shape):
    """The playbooks of an incident."""

    model_config = ConfigDict(title="Runs")

    playbooks: list[RunShape]


class OpenArguments(Arguments):
    """The playbook to open."""

    playbook: Annotated[str, Field(min_length=1, max_length=100)]


class WhyArguments(Arguments):
    """Why."""

    reason: Words


class StepNoteArguments(Arguments):
    """A note."""

    text: Words


class AssignArguments(Arguments):
    """Who does the step; null for nobody."""

    user: SlackId | None


class FillArguments(Arguments):
    """Values for the playbook's commands."""

    values: Annotated[dict[str, Annotated[str, Field(max_length=300)]], Field(min_length=1, max_length=50)]


class ApprovalArguments(Arguments):
    """The request for approval that is answered."""

    approval: Annotated[int, Field(ge=1, le=100_000)]
    reason: Annotated[str, Field(max_length=300)] = ""


def run_json(run: PlaybookRun) -> dict[str, Any]:
    """A run with its steps."""
    return {
        "run": run.number,
        "playbook": run.playbook,
        "name": run.name,
        "opened_by": run.opened_by,
        "opened_at": instant(run.opened_at),
        "outcome": run.outcome,
        "ended_at": instant(run.ended_at),
        "settled": run.settled,
        "values": dict(run.values),
        "steps": [_step_json(step) for step in run.steps],
    }


def _step_json(step: StepState) -> dict[str, Any]:
    waits = step.asked is not None and str(step.asked.answer) == "waiting"
    return {
        "key": step.key,
        "title": step.title,
        "phase": step.phase,
        "state": str(step.state),
        "by": step.by,
        "at": instant(step.at),
        "reason": step.reason,
        "holder": step.holder,
        "needs_approval": step.needs_approval,
        "approval": step.asked.number if step.asked is not None and waits else None,
        "notes": [{"by": note.by, "text": note.text} for note in step.notes],
    }


async def _list(call: Call, _: NoArguments) -> Answer:
    incident = await visible_incident(call)
    async with call.context.database.reading() as conn:
        return Answer({"playbooks": [run_json(run) for run in await stored.of_incident(conn, incident.number)]})


async def _open(call: Call, arguments: OpenArguments) -> Answer:
    incident = await visible_incident(call)
    library = await call.context.playbook_library.library()
    if all(playbook.id != arguments.playbook for playbook in library.playbooks):
        raise NotFound(f"There is no playbook “{arguments.playbook[:80]}”. See them: GET /api/v1/playbooks")
    return Answer(
        run_json(await runs.open_run(call.context, incident.number, arguments.playbook, call.actor, call.delivery))
    )


def _verb(word: str, summary: str, run: RunVerb, arguments: type[Arguments] = NoArguments, **more: Any) -> Operation:
    """An operation `POST /incidents/{id}/playbooks/{run}/{word}`."""

    async def change(call: Call, request: Any) -> Answer:
        incident = await visible_incident(call)
        number = number_in(call.path["run"], "", "playbook run")
        async with call.context.database.reading() as conn:
            if await stored.get(conn, incident.number, number) is None:
                raise NotFound(f"{incident.id} has no playbook {number}.", "playbook")
        return Answer(run_json(await run(call, number, request)))

    name = word.replace("steps/{step}/", "").replace("/", "_")
    values: dict[str, Any] = {"name": f"{name}_step" if "{step}" in word else f"{name}_run", **more}
    return Operation(
        method="POST", path=f"/incidents/{{id}}/playbooks/{{run}}/{word}", summary=summary, run=change,
        answer=RunShape, arguments=arguments, tag=TAG, **values,
    )  # fmt: skip


async def _done(call: Call, run: int, _: NoArguments) -> PlaybookRun:
    return await runs.complete(call.context, call.number, run, call.path["step"], call.actor, call.delivery)


async def _skip(call: Call, run: int, arguments: WhyArguments) -> PlaybookRun:
    return await runs.skip(
        call.context, call.number, run, call.path["step"], call.actor, arguments.reason, call.delivery
    )


async def _note(call: Call, run: int, arguments: StepNoteArguments) -> PlaybookRun:
    return await runs.note(call.context, call.number, run, call.path["step"], call.actor, arguments.text, call.delivery)


async def _assign(call: Call, run: int, arguments: AssignArguments) -> PlaybookRun:
    return await runs.assign(
        call.context, call.number, run, call.path["step"], arguments.user, call.actor, call.delivery
    )


async def _run(call: Call, run: int, _: NoArguments) -> PlaybookRun:
    identity = await call.context.memberships.get(call.actor)
    permissions.require_known(identity, permissions.PHRASES["run"])
    queued = await job_queue.queue_step(
        call.context, call.number, run, call.path["step"], call.actor, delivery=call.delivery
    )
    if queued.refused is not None:
        raise Refused(queued.refused)
    call.context.wakeups.jobs.set()
    return await _read_run(call, run)


async def _ask(call: Call, run: int, _: NoArguments) -> PlaybookRun:
    return await approvals.request_approval(
        call.context, call.number, run, call.path["step"], call.actor, call.delivery
    )


async def _approve(call: Call, run: int, arguments: ApprovalArguments) -> PlaybookRun:
    identity = await call.context.memberships.get(call.actor)
    return await approvals.approve(
        call.context, call.number, run, call.path["step"], arguments.approval, identity, call.delivery
    )


async def _refuse(call: Call, run: int, arguments: ApprovalArguments) -> PlaybookRun:
    return await approvals.refuse(
        call.context,
        call.number,
        run,
        call.path["step"],
        arguments.approval,
        call.actor,
        arguments.reason,
        call.delivery,
    )


async def _fill(call: Call, run: int, arguments: FillArguments) -> PlaybookRun:
    return await runs.fill(call.context, call.number, run, arguments.values, call.actor, call.delivery)


async def _stop(call: Call, run: int, arguments: WhyArguments) -> PlaybookRun:
    return await runs.abandon(call.context, call.number, run, call.actor, arguments.reason, call.delivery)


async def _read_run(call: Call, run: int) -> PlaybookRun:
    async with call.context.database.reading() as conn:
        latest = await stored.get(conn, call.number, run)
    if latest is None:
        raise NotFound(f"INC-{call.number} has no playbook {run}.", "playbook")
    return latest


STEP = "steps/{step}"

OPERATIONS = (
    question("list_runs", "/incidents/{id}/playbooks", "List the playbooks of an incident", _list, RunsShape, tag=TAG),
    Operation(name="open_playbook", method="POST", path="/incidents/{id}/playbooks", run=_open, status=201,
              arguments=OpenArguments, summary="Open a playbook in an incident", answer=RunShape, asks_who=False,
              example={"playbook": "database-outage"}, tag=TAG),
    _verb(f"{STEP}/done", "Say that a step is done", _done, name="complete_step", asks_who=False),
    _verb(f"{STEP}/skip", "Skip a step", _skip, WhyArguments, asks_who=False, example={"reason": "It does not apply"}),
    _verb(f"{STEP}/note", "Write a note on a step", _note, StepNoteArguments, asks_who=False,
          example={"text": "It took ten minutes"}),
    _verb(f"{STEP}/assign", "Give a step to somebody", _assign, AssignArguments, asks_who=False,
          example={"user": "{user}"}),
    _verb(f"{STEP}/run", "Run a step", _run),
    _verb(f"{STEP}/ask", "Ask for the approval of a step", _ask, name="ask_for_approval", asks_who=False),
    _verb(f"{STEP}/approve", "Approve what was asked for", _approve, ApprovalArguments, example={"approval": 1}),
    _verb(f"{STEP}/refuse", "Refuse what was asked for", _refuse, ApprovalArguments, asks_who=False,
          example={"approval": 1, "reason": "Not at this hour"}),
    _verb("values", "Fill in values of the playbook's commands", _fill, FillArguments, name="fill_run",
          example={"values": {"service": "api"}}),
    _verb("stop", "Stop a playbook", _stop, WhyArguments, example={"reason": "It was another cause"}),
)  # fmt: skip
