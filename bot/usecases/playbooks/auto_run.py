"""Without a person: what the decision matrix lets run by itself, or lets the bot ask approval for."""

from __future__ import annotations

import structlog

from bot.domain.errors import Refused
from bot.domain.playbook import automation
from bot.domain.playbook import run as walks
from bot.domain.playbook.definition import Playbook, Step
from bot.domain.playbook.run import PlaybookRun, StepState
from bot.domain.timeline.entry import BOT
from bot.usecases.context import Context
from bot.usecases.playbooks import approvals, confidence, jobs, unit_of_work
from bot.usecases.playbooks.dry_run import dry_run
from bot.usecases.unit_of_work import UnitOfWork, locked_incident
from storage import jobs as stored
from storage import playbook_runs as stored_walks

log = structlog.get_logger()

SeenSteps = set[tuple[int, int, str, int, str]]


def is_enabled(context: Context) -> bool:
    """Whether the policy lets anything happen without a person."""
    rules = context.policy.automation
    decisions = {row.decision for row in rules.matrix} | {rules.otherwise}
    return rules.enabled and bool(decisions & {automation.AUTO, automation.APPROVE})


async def start_automatic_steps(context: Context, seen: SeenSteps) -> int:
    """Decide on the steps whose turn has come since the last look; how many began. `seen` are those looked at before.

    A step that was ever given to a runner in its walk is not given to one again without a person.
    """
    if not is_enabled(context):
        return 0
    async with context.database.reading() as conn:
        going = await stored_walks.running(conn)
    fresh = [run for run in going if not run.drill and any(_seen_key(run, one) not in seen for one in _candidates(run))]
    begun = 0
    for run in fresh:
        try:
            async with locked_incident(context, run.incident) as work:
                if not work.incident.open:
                    continue
                begun += await _start_in_run(work, run.number)
        except Refused as refused:  # of one walk: the others are looked at all the same
            log.warning("unattended.refused", incident=f"INC-{run.incident}", walk=run.number, detail=refused.message)
        seen.update(_seen_key(run, one) for one in _candidates(run))
    return begun


def _candidates(run: PlaybookRun) -> list[StepState]:
    """Steps that nobody has taken into their hands; or that the bot itself asked approval for, and has it."""
    return [step for step in walks.current_steps(run) if _untouched(step) or _granted(step)]


def _untouched(step: StepState) -> bool:
    return step.state is walks.StepStatus.OPEN and step.holder is None and step.asked is None


def _granted(step: StepState) -> bool:
    return step.state is walks.StepStatus.APPROVED and step.asked is not None and step.asked.by == BOT


def _seen_key(run: PlaybookRun, step: StepState) -> tuple[int, int, str, int, str]:
    return run.incident, run.number, step.key, step.turns, str(step.state)


async def _start_in_run(work: UnitOfWork, number: int) -> int:
    run, playbook = await unit_of_work.load_run(work.conn, work.incident.number, number)
    begun = 0
    for mark in _candidates(run):
        step = next(one for one in playbook.steps if one.key == mark.key)
        if step.automation is not None and not await _was_tried(work, run, step):
            begun += await _start_or_request(work, run, playbook, step, mark)
            run, _ = await unit_of_work.load_run(work.conn, work.incident.number, number)
    return begun


async def _start_or_request(
    work: UnitOfWork, run: PlaybookRun, playbook: Playbook, step: Step, mark: StepState
) -> bool:
    sure = await confidence.playbook_confidence(work.conn, work.incident, playbook.id, work.now)
    act = dry_run(work.context, work.incident, playbook, step, run.values, confidence=sure).decision.mode
    if act == automation.AUTO or (act == automation.APPROVE and _granted(mark)):
        return (await jobs.queue_step_in(work, run, step.key, BOT)).job is not None
    if act == automation.APPROVE and mark.needs_approval and not playbook.missing_parameters(step, run.values):
        await approvals.request_approval_in(work, run, playbook, step.key, "run", BOT)
    return False


async def _was_tried(work: UnitOfWork, run: PlaybookRun, step: Step) -> bool:
    return any(job.step == step.key for job in await stored.of_run(work.conn, run.incident, run.number))
