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

Seen = set[tuple[int, int, str, int, str]]


def wanted(context: Context) -> bool:
    """Whether the policy lets anything happen without a person."""
    rules = context.policy.automation
    decisions = {row.decision for row in rules.matrix} | {rules.otherwise}
    return rules.enabled and bool(decisions & {automation.AUTO, automation.APPROVE})


async def look(context: Context, seen: Seen) -> int:
    """Decide on the steps whose turn has come since the last look; how many began. `seen` are those looked at before.

    A step that was ever given to a runner in its walk is not given to one again without a person.
    """
    if not wanted(context):
        return 0
    async with context.database.reading() as conn:
        going = await stored_walks.running(conn)
    fresh = [walk for walk in going if not walk.drill and any(_mark(walk, one) not in seen for one in _waiting(walk))]
    begun = 0
    for walk in fresh:
        try:
            async with locked_incident(context, walk.incident) as work:
                if not work.incident.open:
                    continue
                begun += await _look_at(work, walk.number)
        except Refused as refused:  # of one walk: the others are looked at all the same
            log.warning("unattended.refused", incident=f"INC-{walk.incident}", walk=walk.number, detail=refused.message)
        seen.update(_mark(walk, one) for one in _waiting(walk))
    return begun


def _waiting(walk: PlaybookRun) -> list[StepState]:
    """Steps that nobody has taken into their hands; or that the bot itself asked approval for, and has it."""
    return [mark for mark in walks.current(walk) if _untouched(mark) or _granted(mark)]


def _untouched(mark: StepState) -> bool:
    return mark.state is walks.StepStatus.OPEN and mark.holder is None and mark.asked is None


def _granted(mark: StepState) -> bool:
    return mark.state is walks.StepStatus.APPROVED and mark.asked is not None and mark.asked.by == BOT


def _mark(walk: PlaybookRun, mark: StepState) -> tuple[int, int, str, int, str]:
    return walk.incident, walk.number, mark.key, mark.turns, str(mark.state)


async def _look_at(work: UnitOfWork, number: int) -> int:
    walk, playbook = await unit_of_work.found(work.conn, work.incident.number, number)
    begun = 0
    for mark in _waiting(walk):
        step = next(one for one in playbook.steps if one.key == mark.key)
        if step.automation is not None and not await _tried(work, walk, step):
            begun += await _decide(work, walk, playbook, step, mark)
            walk, _ = await unit_of_work.found(work.conn, work.incident.number, number)
    return begun


async def _decide(work: UnitOfWork, walk: PlaybookRun, playbook: Playbook, step: Step, mark: StepState) -> bool:
    sure = await confidence.of(work.conn, work.incident, playbook.id, work.now)
    act = dry_run(work.context, work.incident, playbook, step, walk.values, confidence=sure).decision.act
    if act == automation.AUTO or (act == automation.APPROVE and _granted(mark)):
        return (await jobs.ask(work, walk, step.key, BOT)).job is not None
    if act == automation.APPROVE and mark.needs_approval and not playbook.missing(step, walk.values):
        await approvals.ask_in(work, walk, playbook, step.key, "run", BOT)
    return False


async def _tried(work: UnitOfWork, walk: PlaybookRun, step: Step) -> bool:
    return any(job.step == step.key for job in await stored.of_run(work.conn, walk.incident, walk.number))
