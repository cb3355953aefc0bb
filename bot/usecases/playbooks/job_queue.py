"""Queues a playbook step, or its rollback, for its runner, if policy and approvals permit it.

What runs is fixed here as a `Plan`, which must equal what was approved. `jobs.begin` asks the policy again.
"""

from __future__ import annotations

from dataclasses import dataclass

from bot.domain import routing
from bot.domain.errors import Refused
from bot.domain.playbook import automation, job_results
from bot.domain.playbook.definition import Playbook, Step
from bot.domain.playbook.job import Action, Job, JobState
from bot.domain.playbook.run import GRANTED, ApprovalStatus, PlaybookRun, RunChange, StepAlreadySettled, StepStatus
from bot.domain.playbook.transitions import require_undoable
from bot.domain.routing.notice import Notice
from bot.domain.timeline.entry import BOT, entry
from bot.domain.values.slack_ids import user_mention
from bot.usecases import authorize
from bot.usecases.context import Context
from bot.usecases.playbooks import rollback
from bot.usecases.playbooks.confidence import playbook_confidence
from bot.usecases.playbooks.dry_run import DryRun, dry_run
from bot.usecases.playbooks.unit_of_work import commit, load_run, locked_run
from bot.usecases.unit_of_work import UnitOfWork
from storage import jobs as stored
from storage.jobs import NewJob

_AUTOMATIC = (automation.AUTO, automation.APPROVE)
# Approval to do a step by hand is approval to run it, as long as the lines are the same.
_APPROVED_BY = {Action.RUN: ("run", "do"), Action.ROLLBACK: ("rollback",)}


@dataclass(frozen=True, slots=True)
class QueueResult:
    """The queued job, or the reason why none was queued. The timeline says so either way."""

    run: PlaybookRun
    job: Job | None = None
    refused: str | None = None


@dataclass(frozen=True, slots=True)
class _Request:
    """A person's request for an action, with the digest of the plan that they saw, if any."""

    by: str
    action: Action
    plan_digest: str | None


async def queue_step(  # noqa: PLR0913, PLR0917 - flat, like every action on a run
    context: Context,
    number: int,
    run_number: int,
    step: str,
    by: str,
    action: str = "run",
    delivery: str | None = None,
    plan_digest: str | None = None,
) -> QueueResult:
    """Queue a step, or its rollback, for a person, in a transaction of its own. See `queue_step_in`."""
    async with locked_run(context, number, run_number, delivery) as (work, run, _):
        authorize.require(context, "run", by, work.incident)
        return await queue_step_in(work, run, step, by, action, plan_digest)


async def queue_step_in(
    work: UnitOfWork,
    run: PlaybookRun,
    step_key: str,
    by: str,
    action: str = "run",
    plan_digest: str | None = None,
) -> QueueResult:
    """Queue a step, or its rollback, with the incident locked. `plan_digest` is of the plan that the person saw.

    A refusal is not raised, so that its timeline entry is committed: look at `QueueResult.refused`.
    Raises `StepAlreadySettled` if the step is already running.
    """
    run, playbook = await load_run(work.conn, run.incident, run.number)
    step = playbook.step(step_key)
    request = _Request(by, Action(action), plan_digest)
    try:
        return await _queue(work, run, playbook, step, request)
    except StepAlreadySettled:
        raise
    except Refused as refused:
        return await _record_refusal(work, run, step, request, refused.message)


async def _queue(work: UnitOfWork, run: PlaybookRun, playbook: Playbook, step: Step, request: _Request) -> QueueResult:
    state = run.step(step.key)
    if state.state is StepStatus.RUNNING:
        raise StepAlreadySettled("running", state)
    if request.action is Action.ROLLBACK:
        require_undoable(state)
    confidence = await playbook_confidence(work.conn, work.incident, playbook.id, work.now)
    dry = dry_run(work.context, work.incident, playbook, step, run.values, request.action, confidence)
    if dry.plan is None or not dry.allowed or (request.by == BOT and not _may_run_unattended(run, step, dry)):
        raise Refused(dry.explanation)
    if request.plan_digest is not None and request.plan_digest != dry.plan.digest:
        raise Refused("What would run now is not what you were shown. Press Run again and look.")
    _check_approval(run, step, dry, request.action)
    notices = await _settle_uncertain(work, run, step, request)
    approver = state.asked.answered_by if state.needs_approval and state.asked else None
    new = NewJob(run.incident, run.number, step.key, step.title, dry.plan, asked_by=request.by, approved_by=approver)
    job = await stored.add(work.conn, new, work.now)
    change = job_results.record_start(run, step.key, str(job.id), request.by, work.now, str(request.action))
    explanation = f". {dry.explanation}" if request.by == BOT else ""
    change = rollback.with_plan(change, f": {'; '.join(dry.lines)}{explanation}", dry.plan)
    run = await commit(work, change, notices)
    work.context.wakeups.jobs.set()
    return QueueResult(run, job)


def _may_run_unattended(run: PlaybookRun, step: Step, dry: DryRun) -> bool:
    """Whether the bot may queue the step itself. `approve` counts only if the step had to be approved, and was."""
    if dry.decision.mode == automation.APPROVE and not run.step(step.key).needs_approval:
        return False
    return dry.decision.mode in _AUTOMATIC


def _check_approval(run: PlaybookRun, step: Step, dry: DryRun, action: Action) -> None:
    """Raise `Refused` unless the step needs no approval, or another person approved exactly what would run."""
    state = run.step(step.key)
    if not state.needs_approval:
        return
    approval = state.asked
    if state.state is not StepStatus.APPROVED or approval is None or approval.answer not in GRANTED:
        raise Refused(f"Step {step.key} needs approval first.")
    if approval.answer is ApprovalStatus.APPROVED and approval.answered_by in (None, approval.by):
        raise Refused("The person who asked for approval cannot give it.")
    if approval.action not in _APPROVED_BY[action] or tuple(approval.shown) != dry.lines:
        raise Refused("What was approved is not what would run now. Ask for approval again.")


async def _settle_uncertain(work: UnitOfWork, run: PlaybookRun, step: Step, request: _Request) -> list[Notice]:
    """Settle a job of the step that may have run: by running the step again, the person has decided.

    Returns the notices that close its question. Raises `Refused` if a job of the step is queued or running.
    """
    unsettled = await stored.open_of_step(work.conn, run.incident, run.number, step.key)
    if unsettled is None:
        return []
    if unsettled.state is not JobState.MAY_HAVE_RUN:
        raise Refused(f"Step {step.key} is {unsettled.state} already.")
    if request.by == BOT:
        raise Refused("It may have run already, and a person has to say whether it did.")
    answer, verb = ("run again", "runs") if request.action is Action.RUN else ("rolled back", "rolls")
    direction = "again" if request.action is Action.RUN else "back"
    settled = await stored.settle(work.conn, (run.incident, run.number), step.key, request.by, answer)
    return [routing.jobs.question_over(job, f"{user_mention(request.by)} {verb} it {direction}.") for job in settled]


async def _record_refusal(
    work: UnitOfWork, run: PlaybookRun, step: Step, request: _Request, reason: str
) -> QueueResult:
    """Log that somebody wanted to run the step, and why it was refused."""
    verb = "rolled back" if request.action is Action.ROLLBACK else "run"
    logged = entry(
        work.now, "playbook", request.by, f"{run.name}, {step.key} {step.title}: not {verb}. {reason}",
        act="refused", walk=run.number, step=step.key, action=str(request.action),
    )  # fmt: skip
    run = await commit(work, RunChange(run, (logged,)))
    return QueueResult(run, None, reason)
