"""Taking back what the bot did in a walk, last first: in the way that was settled, shown and approved when it ran."""

from __future__ import annotations

from dataclasses import replace

from bot.domain import routing
from bot.domain.errors import Refused
from bot.domain.playbook import job_results
from bot.domain.playbook import run as walks
from bot.domain.playbook.job import Action, Job, JobState, Plan
from bot.domain.playbook.run import PlaybookRun
from bot.domain.timeline.entry import BOT, entry
from bot.usecases.context import Context
from bot.usecases.playbooks import unit_of_work
from bot.usecases.unit_of_work import UnitOfWork
from storage import jobs as stored
from storage.jobs import NewJob


async def jobs_to_undo(work: UnitOfWork, run: PlaybookRun) -> list[Job]:
    """What the bot ran in this walk and has not taken back, last first."""
    known = await stored.of_run(work.conn, run.incident, run.number)
    taken_back = {job.undoes for job in known if job.state not in (JobState.FAILED, JobState.REFUSED)}
    ran = (JobState.DONE, JobState.FAILED)
    return [
        job for job in reversed(known) if job.action is Action.RUN and job.state in ran and job.id not in taken_back
    ]


async def roll_back_next(work: UnitOfWork, run: PlaybookRun) -> None:
    """Take back the last thing that is left, in the way that was settled when it ran. What cannot be is for people."""
    left = [job for job in await jobs_to_undo(work, run) if job.plan.undo or job.plan.remedy]
    if not left:
        return
    job = left[0]
    try:
        plan = _undo_plan(work.context, job)
    except Refused as refused:
        await hand_to_people(work, run, left, refused.message.rstrip("."))
        return
    if work.incident.drill:
        return
    new = NewJob(
        job.incident, job.walk, job.step, job.title, plan,
        asked_by=BOT, approved_by=job.approved_by, undoes=job.id, chain=True,
    )  # fmt: skip
    added = await stored.add(work.conn, new, work.now)
    try:
        change = job_results.started(run, job.step, str(added.id), BOT, work.now, "rollback")
    except Refused as refused:
        await stored.cancel(work.conn, added, refused.message, work.now)
        await hand_to_people(work, run, left, refused.message.rstrip("."))
        return
    await unit_of_work.commit(
        work, with_plan(change, f": {'; '.join(invocation.quoted for invocation in plan.invocations)}", plan)
    )
    work.context.wakeups.jobs.set()


def _undo_plan(context: Context, job: Job) -> Plan:
    if not job.plan.undo:
        raise Refused(f"nothing is written that takes back {job.step} {job.title} by itself")
    runner = context.runners(context.policy.automation).get("process")
    if runner is None:
        raise Refused("the runner process is not set up")
    allowed = [runner.check(invocation) for invocation in job.plan.undo]
    first = allowed[0]
    return Plan(
        runner="process", action=Action.ROLLBACK, invocations=job.plan.undo,
        timeout=min(one.timeout for one in allowed), remedy="rollback",
        where=first.where, run_as=first.run_as, limits=first.limits, rule=first.rule,
    )  # fmt: skip


async def hand_to_people(work: UnitOfWork, run: PlaybookRun, jobs: list[Job], why: str) -> None:
    """They get the commands, in the order in which to run them."""
    lines = [invocation.quoted for job in jobs for invocation in job.plan.undo]
    if not lines:
        return
    text = f"{run.name}: not rolled back by itself, since {why[:1].lower()}{why[1:]}. In this order: {'; '.join(lines)}"
    said = entry(work.now, "playbook", BOT, text, act="left", walk=run.number, commands=lines)
    changed = walks.RunChange(run, (replace(said, key=True),))
    await unit_of_work.commit(work, changed, [routing.jobs.left(jobs[0], run, why, lines)])


def with_plan(change: walks.RunChange, words: str, plan: Plan) -> walks.RunChange:
    """The entry of a start, with exactly what runs."""
    *before, last = change.entries
    data = {**last.data, "runs": [list(invocation.args) for invocation in plan.invocations], "digest": plan.digest}
    return replace(change, entries=(*before, replace(last, text=f"{last.text}{words}", data=data)))
