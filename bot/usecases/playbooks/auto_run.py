"""Starts the playbook steps that the policy lets run without a person, and requests approval where it must.

The policy's decision matrix says which steps those are.
"""

from __future__ import annotations

import structlog

from bot.domain.errors import Refused
from bot.domain.playbook import automation
from bot.domain.playbook.definition import Playbook, Step
from bot.domain.playbook.run import PlaybookRun, StepState, StepStatus, current_steps
from bot.domain.timeline.entry import BOT
from bot.usecases.context import Context
from bot.usecases.playbooks import approvals, job_queue
from bot.usecases.playbooks.confidence import playbook_confidence
from bot.usecases.playbooks.dry_run import dry_run
from bot.usecases.playbooks.unit_of_work import load_run
from bot.usecases.unit_of_work import UnitOfWork, locked_incident
from storage import jobs as stored_jobs
from storage import playbook_runs as stored

log = structlog.get_logger()

# Incident, run, step, how often the step's timer started, and its state: a step that changes is decided on again.
SeenSteps = set[tuple[int, int, str, int, str]]


def is_enabled(context: Context) -> bool:
    """Whether the policy lets any step run, or request approval, without a person."""
    rules = context.policy.automation
    modes = {row.decision for row in rules.matrix} | {rules.otherwise}
    return rules.enabled and bool(modes & {automation.AUTO, automation.APPROVE})


async def start_automatic_steps(context: Context, seen: SeenSteps) -> int:
    """Decide on the steps that became current since the last call. Returns how many started.

    `seen` holds the steps decided on in earlier calls. A step that a runner once got in this run is not given to one
    again without a person.
    """
    if not is_enabled(context):
        return 0
    async with context.database.reading() as conn:
        active = await stored.running(conn)
    started = 0
    for run in active:
        if run.drill or all(_seen_key(run, step) in seen for step in _candidates(run)):
            continue
        try:
            async with locked_incident(context, run.incident) as work:
                if not work.incident.open:
                    continue
                started += await _start_in_run(work, run.number)
        except Refused as refused:  # in one run; the others still get their turn
            log.warning("unattended.refused", incident=f"INC-{run.incident}", walk=run.number, detail=refused.message)
        seen.update(_seen_key(run, step) for step in _candidates(run))
    return started


def _candidates(run: PlaybookRun) -> list[StepState]:
    """The current steps that no person has touched, and those for which the bot requested and got approval."""
    return [step for step in current_steps(run) if _is_untouched(step) or _is_granted(step)]


def _is_untouched(step: StepState) -> bool:
    return step.state is StepStatus.OPEN and step.holder is None and step.asked is None


def _is_granted(step: StepState) -> bool:
    return step.state is StepStatus.APPROVED and step.asked is not None and step.asked.by == BOT


def _seen_key(run: PlaybookRun, step: StepState) -> tuple[int, int, str, int, str]:
    return run.incident, run.number, step.key, step.turns, str(step.state)


async def _start_in_run(work: UnitOfWork, number: int) -> int:
    run, playbook = await load_run(work.conn, work.incident.number, number)
    started = 0
    for state in _candidates(run):
        step = playbook.step(state.key)
        if step.automation is not None and not await _was_tried(work, run, step):
            started += await _start_or_request(work, run, playbook, step, state)
            run, _ = await load_run(work.conn, work.incident.number, number)
    return started


async def _start_or_request(
    work: UnitOfWork, run: PlaybookRun, playbook: Playbook, step: Step, state: StepState
) -> bool:
    """Queue the step, request approval for it, or leave it to people, as the matrix decides. True if it was queued."""
    confidence = await playbook_confidence(work.conn, work.incident, playbook.id, work.now)
    mode = dry_run(work.context, work.incident, playbook, step, run.values, confidence=confidence).decision.mode
    if mode == automation.AUTO or (mode == automation.APPROVE and _is_granted(state)):
        return (await job_queue.queue_step_in(work, run, step.key, BOT)).job is not None
    if mode == automation.APPROVE and state.needs_approval and not playbook.missing_parameters(step, run.values):
        await approvals.request_approval_in(work, run, playbook, step.key, "run", BOT)
    return False


async def _was_tried(work: UnitOfWork, run: PlaybookRun, step: Step) -> bool:
    return any(job.step == step.key for job in await stored_jobs.of_run(work.conn, run.incident, run.number))
