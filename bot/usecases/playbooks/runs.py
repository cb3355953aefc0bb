"""Playbooks in an incident: find, open, walk and end them. Every act is one transaction and one timeline entry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.domain import routing
from bot.domain.errors import Refused
from bot.domain.incident import Incident
from bot.domain.playbook import job as jobs
from bot.domain.playbook import lifecycle, steps
from bot.domain.playbook import run as walks
from bot.domain.playbook.definition import Playbook
from bot.domain.playbook.run import PlaybookRun
from bot.domain.playbook.search_hit import Hit
from bot.domain.playbook.stats import run_stats, stats_line
from bot.domain.policy.policy import Policy
from bot.domain.routing.notice import Notice
from bot.domain.timeline.entry import entry
from bot.domain.values.redaction import strip_invisible
from bot.domain.values.slack_ids import user_mention
from bot.usecases import authorize
from bot.usecases.context import Context
from bot.usecases.incidents.escalate import Escalated, escalate_locked
from bot.usecases.playbooks.unit_of_work import commit, locked_run
from bot.usecases.unit_of_work import UnitOfWork, locked_incident
from playbooks.search import Query
from storage import jobs as stored_jobs
from storage import playbook_runs as stored


class AlreadyOpen(Refused):
    """The same playbook is walked in this incident. `walk` says how far it is."""

    def __init__(self, run: PlaybookRun) -> None:
        super().__init__(f"{run.name} is open here already.", "playbook")
        self.run = run


@dataclass(frozen=True, slots=True)
class CriterionEscalation:
    """A criterion for escalating was pressed, and what came of it."""

    criterion: str
    escalated: Escalated


def query_for(incident: Incident, policy: Policy, words: str = "") -> Query:
    """What is known of an incident, to find playbooks by; `words` instead of its own where somebody gave some."""
    return Query(
        text=words or f"{incident.title}\n{incident.description}".strip(),
        category=incident.category,
        severity=incident.severity,
        severities=[level.key for level in policy.severities],
        services=incident.services,
        preferred=[
            name for key in incident.services if (known := policy.services.get(key)) for name in known.playbooks
        ],
    )


async def suggest(context: Context, incident: Incident, policy: Policy, words: str = "", limit: int = 5) -> list[Hit]:
    """The best first, each with its reasons."""
    return await context.playbook_library.find(query_for(incident, policy, words), limit)


async def best_match(context: Context, incident: Incident, policy: Policy) -> Hit | None:
    """The one that is offered by itself: nothing where nothing fits well, or one was opened."""
    if not incident.open or incident.walks:
        return None
    hits = await suggest(context, incident, policy, limit=1)
    return hits[0] if hits and hits[0].worth_offering else None


async def open_run(
    context: Context, number: int, playbook: str, actor: str, delivery: str | None = None
) -> PlaybookRun:
    """Begin a playbook. Raises `OpenAlready` where somebody did, `NotFound` where there is none of this id."""
    found = (await context.playbook_library.library()).get(playbook)
    async with locked_incident(context, number, delivery) as work:
        before = await stored.of_incident(work.conn, number)
        if standing := next((run for run in before if run.playbook == found.id and run.active), None):
            raise AlreadyOpen(standing)
        change = lifecycle.open_run(
            number, len(before) + 1, found, actor, work.now,
            drill=work.incident.drill, values=_values_from_incident(found, work.incident),
            before=stats_line(run_stats(found, await stored.of_playbook(work.conn, found.id, limit=200)), work.now),
        )  # fmt: skip
        await stored.save_playbook(work.conn, found, work.now)
        return await commit(work, change, new=True)


async def complete(
    context: Context, number: int, run_number: int, step: str, actor: str, delivery: str | None = None
) -> PlaybookRun:
    async with locked_run(context, number, run_number, delivery) as (work, known, _):
        change = steps.complete(known, step, actor, work.now)
        return await commit(work, change, await _settle_uncertain_job(work, known, step, actor, "it is done"))


async def skip(
    context: Context, number: int, run_number: int, step: str, actor: str, reason: str, delivery: str | None = None
) -> PlaybookRun:
    async with locked_run(context, number, run_number, delivery) as (work, known, _):
        change = steps.skip(known, step, actor, work.now, reason)
        return await commit(work, change, await _settle_uncertain_job(work, known, step, actor, "it is skipped"))


async def note(
    context: Context, number: int, run_number: int, step: str | None, actor: str, text: str, delivery: str | None = None
) -> PlaybookRun:
    async with locked_run(context, number, run_number, delivery) as (work, known, _):
        return await commit(work, steps.note(known, step, actor, work.now, text))


async def assign(
    context: Context, number: int, run_number: int, step: str, user: str | None, actor: str, delivery: str | None = None
) -> PlaybookRun:
    async with locked_run(context, number, run_number, delivery) as (work, known, _):
        return await commit(work, steps.assign(known, step, user, actor, work.now))


async def reopen(
    context: Context, number: int, run_number: int, step: str, actor: str, delivery: str | None = None
) -> PlaybookRun:
    async with locked_run(context, number, run_number, delivery) as (work, known, _):
        others = [] if known.active else await stored.of_incident(work.conn, number)
        if standing := next((one for one in others if one.playbook == known.playbook and one.active), None):
            raise AlreadyOpen(standing)
        return await commit(work, steps.reopen(known, step, actor, work.now))


async def roll_back(
    context: Context, number: int, run_number: int, step: str, actor: str, reason: str = "", delivery: str | None = None
) -> PlaybookRun:
    """Somebody undid it by hand."""
    async with locked_run(context, number, run_number, delivery) as (work, known, _):
        change = steps.roll_back(known, step, actor, work.now, reason)
        return await commit(work, change, await _settle_uncertain_job(work, known, step, actor, "it is rolled back"))


async def _settle_uncertain_job(
    work: UnitOfWork, before: PlaybookRun, step: str, actor: str, said: str
) -> list[Notice]:
    """Of what may have run nobody is asked any more once somebody has said how the step stands."""
    if before.step(step).state is not walks.StepStatus.MAY_HAVE_RUN:
        return []
    settled = await stored_jobs.settle(work.conn, (before.incident, before.number), step, actor, said)
    return [routing.jobs.question_over(job, f"{user_mention(actor)} says: {said}.") for job in settled]


async def fill(
    context: Context, number: int, run_number: int, values: Mapping[str, str], actor: str, delivery: str | None = None
) -> PlaybookRun:
    """New values for the commands; what was approved with others is approved no more.

    Raises `Refused` for one that cannot be used, and the timeline has that too.
    """
    async with locked_run(context, number, run_number, delivery) as (work, known, playbook):
        try:
            new = playbook.filled_values({**known.values, **values})
        except Refused as refused:
            trouble = refused
            said = entry(
                work.now, "playbook", actor, f"{known.name}: a value is refused. {strip_invisible(refused.message)}",
                act="refused", walk=run_number,
            )  # fmt: skip
            await commit(work, walks.RunChange(known, (said,)))
        else:
            return await _commit_values(work, known, playbook, values, new, actor)
    raise trouble


async def _commit_values(
    work: UnitOfWork,
    known: PlaybookRun,
    playbook: Playbook,
    values: Mapping[str, str],
    new: Mapping[str, str],
    actor: str,
) -> PlaybookRun:
    shown = {
        step.key: preview(playbook, step.key, new, step.asked.action) for step in known.steps if step.asked is not None
    }
    return await commit(work, lifecycle.fill(known, playbook, values, actor, work.now, shown))


async def escalate(
    context: Context, number: int, run_number: int, position: int, actor: str, delivery: str | None = None
) -> CriterionEscalation:
    """One of the playbook's criteria holds: the next rung is paged."""
    async with locked_run(context, number, run_number, delivery) as (work, known, playbook):
        if not 0 <= position < len(playbook.escalation_criteria):
            raise Refused("That criterion is not in this playbook.", "escalate We need more people")
        authorize.require(context, "escalate", actor, work.incident)
        criterion = playbook.escalation_criteria[position]
        await commit(work, lifecycle.escalate(known, position, criterion, actor, work.now))
        return CriterionEscalation(criterion, await escalate_locked(work, actor, f"{known.name}: {criterion}"))


async def abandon(
    context: Context, number: int, run_number: int, actor: str, reason: str, delivery: str | None = None
) -> PlaybookRun:
    async with locked_run(context, number, run_number, delivery) as (work, known, _):
        return await commit(work, lifecycle.abandon(known, actor, work.now, reason))


async def judge(
    context: Context, number: int, run_number: int, helped: bool, actor: str, delivery: str | None = None
) -> PlaybookRun:
    async with locked_run(context, number, run_number, delivery) as (work, known, _):
        return await commit(work, lifecycle.judge(known, helped, actor, work.now))


def preview(playbook: Playbook, step: str, values: Mapping[str, str], action: str) -> tuple[str, ...]:
    """What a step's commands are with these values, byte for byte."""
    found = next(one for one in playbook.steps if one.key == step)
    if action in ("run", "rollback"):
        commands: Sequence[str] = jobs.preview(found, values, action)
    else:
        commands = [one.filled_in(values) for one in found.commands]
    return tuple(commands) or (found.rollback_text if action == "rollback" else found.description or found.title,)


def _values_from_incident(playbook: Playbook, incident: Incident) -> dict[str, str]:
    """What the incident itself says: the one service that is affected, where the playbook asks for it."""
    if len(incident.services) != 1:
        return {}
    return {
        one.name: incident.services[0]
        for one in playbook.parameters
        if one.name == "service" and one.required and one.problem_with(incident.services[0]) is None
    }
