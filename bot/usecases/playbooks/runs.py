"""Finds playbooks for an incident, opens one as a run, and records what people do in the run.

Each action is one transaction.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bot.domain import routing
from bot.domain.errors import Refused
from bot.domain.incident import Incident
from bot.domain.playbook import job as jobs
from bot.domain.playbook import lifecycle, steps
from bot.domain.playbook.definition import Playbook
from bot.domain.playbook.run import PlaybookRun, RunChange, StepStatus
from bot.domain.playbook.search_hit import Hit
from bot.domain.playbook.stats import run_stats, stats_line
from bot.domain.policy.policy import Policy
from bot.domain.routing.notice import Notice
from bot.domain.timeline.entry import entry
from bot.domain.values.masking import strip_invisible
from bot.domain.values.slack_ids import user_mention
from bot.usecases import authorize
from bot.usecases.context import Context
from bot.usecases.incidents.escalate import EscalationResult, escalate_locked
from bot.usecases.playbooks.unit_of_work import commit, locked_run
from bot.usecases.unit_of_work import UnitOfWork, locked_incident
from playbooks.search import Query
from storage import jobs as stored_jobs
from storage import playbook_runs as stored

WHERE_TO_START = "just paged, where do I start"  # what finds the checklist for the beginning


class AlreadyOpen(Refused):
    """The same playbook already has an active run in this incident."""

    def __init__(self, run: PlaybookRun) -> None:
        super().__init__(f"{run.name} is open here already.", "playbook")
        self.run = run


@dataclass(frozen=True, slots=True)
class CriterionEscalation:
    """An escalation criterion that was used, and the escalation that followed."""

    criterion: str
    escalated: EscalationResult


def query_for(incident: Incident, policy: Policy, words: str = "") -> Query:
    """The search query for playbooks that fit an incident. `words`, if given, replace its title and description."""
    return Query(
        text=words or f"{incident.title}\n{incident.description}".strip(),
        category=incident.category,
        severity=incident.severity,
        severities=[level.key for level in policy.severities],
        services=incident.services,
        preferred=[
            name for key in incident.services if (service := policy.services.get(key)) for name in service.playbooks
        ],
    )


async def suggest(context: Context, incident: Incident, policy: Policy, words: str = "", limit: int = 5) -> list[Hit]:
    """Playbooks that fit, the best first. `words`, if given, replace the incident's title and description.

    Without `words` nobody searched, so more than one vague symptom must point to a playbook. If nothing does, the
    checklist for the beginning is suggested.
    """
    hits = await context.playbook_library.find(query_for(incident, policy, words), limit)
    if words:
        return hits
    if worthwhile := [hit for hit in hits if hit.worth_listing]:
        return worthwhile
    first = await context.playbook_library.find(Query(WHERE_TO_START), 1)
    return [hit for hit in first if hit.worth_listing and hit.playbook.kind == "checklist"]


async def best_match(context: Context, incident: Incident, policy: Policy) -> Hit | None:
    """The playbook to offer without being asked. None if none fits well, or if one was opened before."""
    if not incident.open or incident.walks:
        return None
    hits = await context.playbook_library.find(query_for(incident, policy), 1)
    return hits[0] if hits and hits[0].worth_offering else None


async def open_run(
    context: Context, number: int, playbook: str, actor: str, delivery: str | None = None
) -> PlaybookRun:
    """Open a playbook. Raises `AlreadyOpen` if it has an active run here, `NotFound` if there is no such playbook."""
    definition = (await context.playbook_library.library()).get(playbook)
    async with locked_incident(context, number, delivery) as work:
        runs = await stored.of_incident(work.conn, number)
        if active := next((run for run in runs if run.playbook == definition.id and run.active), None):
            raise AlreadyOpen(active)
        stats = run_stats(definition, await stored.in_public(work.conn, definition.id, limit=200))
        change = lifecycle.open_run(
            number, len(runs) + 1, definition, actor, work.now,
            drill=work.incident.drill, values=_values_from_incident(definition, work.incident),
            before=stats_line(stats, work.now),
        )  # fmt: skip
        await stored.save_playbook(work.conn, definition, work.now)
        return await commit(work, change, new=True)


async def complete(
    context: Context, number: int, run_number: int, step: str, actor: str, delivery: str | None = None
) -> PlaybookRun:
    """Mark a step as done by hand; this also settles a job of it that may have run."""
    async with locked_run(context, number, run_number, delivery) as (work, run, _):
        change = steps.complete(run, step, actor, work.now)
        return await commit(work, change, await _settle_uncertain_job(work, run, step, actor, "it is done"))


async def skip(
    context: Context, number: int, run_number: int, step: str, actor: str, reason: str, delivery: str | None = None
) -> PlaybookRun:
    """Skip a step with a reason; this also settles a job of it that may have run."""
    async with locked_run(context, number, run_number, delivery) as (work, run, _):
        change = steps.skip(run, step, actor, work.now, reason)
        return await commit(work, change, await _settle_uncertain_job(work, run, step, actor, "it is skipped"))


async def note(
    context: Context, number: int, run_number: int, step: str | None, actor: str, text: str, delivery: str | None = None
) -> PlaybookRun:
    """Note something on a step; on the whole run if `step` is None."""
    async with locked_run(context, number, run_number, delivery) as (work, run, _):
        return await commit(work, steps.note(run, step, actor, work.now, text))


async def assign(
    context: Context, number: int, run_number: int, step: str, user: str | None, actor: str, delivery: str | None = None
) -> PlaybookRun:
    """Assign a step to a person; to nobody if `user` is None."""
    async with locked_run(context, number, run_number, delivery) as (work, run, _):
        return await commit(work, steps.assign(run, step, user, actor, work.now))


async def reopen(
    context: Context, number: int, run_number: int, step: str, actor: str, delivery: str | None = None
) -> PlaybookRun:
    """Make a settled step current again. Raises `AlreadyOpen` if a newer run of the playbook is active."""
    async with locked_run(context, number, run_number, delivery) as (work, run, _):
        other_runs = [] if run.active else await stored.of_incident(work.conn, number)
        if active := next(
            (other_run for other_run in other_runs if other_run.playbook == run.playbook and other_run.active), None
        ):
            raise AlreadyOpen(active)
        return await commit(work, steps.reopen(run, step, actor, work.now))


async def roll_back(
    context: Context, number: int, run_number: int, step: str, actor: str, reason: str = "", delivery: str | None = None
) -> PlaybookRun:
    """Record that a person undid a step by hand."""
    async with locked_run(context, number, run_number, delivery) as (work, run, _):
        change = steps.roll_back(run, step, actor, work.now, reason)
        return await commit(work, change, await _settle_uncertain_job(work, run, step, actor, "it is rolled back"))


async def _settle_uncertain_job(
    work: UnitOfWork, before: PlaybookRun, step: str, actor: str, text: str
) -> list[Notice]:
    """Settle a job of the step that may have run, if there is one. Returns the notices that close its question."""
    if before.step(step).state is not StepStatus.MAY_HAVE_RUN:
        return []
    settled = await stored_jobs.settle(work.conn, (before.incident, before.number), step, actor, text)
    return [routing.jobs.question_over(job, f"{user_mention(actor)} says: {text}.") for job in settled]


async def fill(
    context: Context, number: int, run_number: int, values: Mapping[str, str], actor: str, delivery: str | None = None
) -> PlaybookRun:
    """Set values for the commands. An approval of commands with other values becomes void.

    Raises `Refused` for an invalid value, after a timeline entry about the refusal.
    """
    async with locked_run(context, number, run_number, delivery) as (work, run, playbook):
        authorize.require_member(context, "run", actor, work.incident, "fill in what a playbook runs")
        try:
            new = playbook.filled_values({**run.values, **values})
        except Refused as refused:
            refusal = refused
            logged = entry(
                work.now, "playbook", actor, f"{run.name}: a value was refused. {strip_invisible(refused.message)}",
                act="refused", walk=run_number,
            )  # fmt: skip
            await commit(work, RunChange(run, (logged,)))
        else:
            return await _commit_values(work, run, playbook, values, new, actor)
    raise refusal


async def _commit_values(
    work: UnitOfWork,
    run: PlaybookRun,
    playbook: Playbook,
    values: Mapping[str, str],
    new: Mapping[str, str],
    actor: str,
) -> PlaybookRun:
    previews = {
        step.key: preview(playbook, step.key, new, step.asked.action) for step in run.steps if step.asked is not None
    }
    return await commit(work, lifecycle.fill(run, playbook, values, actor, work.now, previews))


async def escalate(
    context: Context, number: int, run_number: int, position: int, actor: str, delivery: str | None = None
) -> CriterionEscalation:
    """Page the next rung because one of the playbook's escalation criteria applies."""
    async with locked_run(context, number, run_number, delivery) as (work, run, playbook):
        authorize.require(context, "escalate", actor, work.incident)
        if not 0 <= position < len(playbook.escalation_criteria):
            raise Refused("That criterion is not in this playbook.", "escalate We need more people")
        criterion = playbook.escalation_criteria[position]
        await commit(work, lifecycle.escalate(run, position, criterion, actor, work.now))
        return CriterionEscalation(criterion, await escalate_locked(work, actor, f"{run.name}: {criterion}"))


async def abandon(
    context: Context, number: int, run_number: int, actor: str, reason: str, delivery: str | None = None
) -> PlaybookRun:
    """Stop a run with a reason."""
    async with locked_run(context, number, run_number, delivery) as (work, run, _):
        authorize.require_member(context, "run", actor, work.incident, "stop a playbook")
        return await commit(work, lifecycle.abandon(run, actor, work.now, reason))


async def judge(
    context: Context, number: int, run_number: int, helped: bool, actor: str, delivery: str | None = None
) -> PlaybookRun:
    """Record whether a finished run helped."""
    async with locked_run(context, number, run_number, delivery) as (work, run, _):
        return await commit(work, lifecycle.judge(run, helped, actor, work.now))


def preview(playbook: Playbook, key: str, values: Mapping[str, str], action: str) -> tuple[str, ...]:
    """The commands of a step with these values, byte for byte; its description if it has none."""
    step = playbook.step(key)
    if action == "rollback":
        return jobs.preview(step, values, action) or (step.rollback_text,)
    if action == "run":
        lines = jobs.preview(step, values, action)
    else:
        lines = tuple(command.filled_in(values) for command in step.commands)
    return lines or (step.description or step.title,)


def _values_from_incident(playbook: Playbook, incident: Incident) -> dict[str, str]:
    """Values known from the incident: the affected service, if there is exactly one and the playbook asks for it."""
    if len(incident.services) != 1:
        return {}
    return {
        parameter.name: incident.services[0]
        for parameter in playbook.parameters
        if parameter.name == "service" and parameter.required and parameter.problem_with(incident.services[0]) is None
    }
