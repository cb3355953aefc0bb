"""Rolls back the steps that ran in a playbook run, the last one first.

The commands that undo a step were fixed, shown and approved together with the step.
"""

from __future__ import annotations

from dataclasses import replace

from bot.domain import routing
from bot.domain.errors import Refused
from bot.domain.playbook import job_results
from bot.domain.playbook.job import Action, Job, JobState, Plan
from bot.domain.playbook.run import PlaybookRun, RunChange
from bot.domain.timeline.entry import BOT, entry
from bot.usecases.context import Context
from bot.usecases.playbooks.unit_of_work import commit
from bot.usecases.unit_of_work import UnitOfWork
from storage import jobs as stored
from storage.jobs import NewJob


async def jobs_to_undo(work: UnitOfWork, run: PlaybookRun) -> list[Job]:
    """The jobs of a run that ran and have not been rolled back, last first."""
    jobs = await stored.of_run(work.conn, run.incident, run.number)
    reverted = {job.undoes for job in jobs if job.state not in (JobState.FAILED, JobState.REFUSED)}
    ran = (JobState.DONE, JobState.FAILED)
    return [job for job in reversed(jobs) if job.action is Action.RUN and job.state in ran and job.id not in reverted]


async def roll_back_next(work: UnitOfWork, run: PlaybookRun) -> None:
    """Queue the rollback of the last job not yet rolled back. If that is not possible, hand the rest to people."""
    remaining = [job for job in await jobs_to_undo(work, run) if job.plan.undo or job.plan.remedy]
    if not remaining:
        return
    job = remaining[0]
    try:
        plan = _undo_plan(work.context, job)
    except Refused as refused:
        await hand_to_people(work, run, remaining, refused.message.rstrip("."))
        return
    if work.incident.drill:
        return
    new = NewJob(
        job.incident, job.walk, job.step, job.title, plan,
        asked_by=BOT, approved_by=job.approved_by, undoes=job.id, chain=True,
    )  # fmt: skip
    added = await stored.add(work.conn, new, work.now)
    try:
        change = job_results.record_start(run, job.step, str(added.id), BOT, work.now, "rollback")
    except Refused as refused:
        await stored.cancel(work.conn, added, refused.message, work.now)
        await hand_to_people(work, run, remaining, refused.message.rstrip("."))
        return
    await commit(work, with_plan(change, f": {'; '.join(invocation.quoted for invocation in plan.invocations)}", plan))
    work.context.wakeups.jobs.set()


def _undo_plan(context: Context, job: Job) -> Plan:
    if not job.plan.undo:
        raise Refused(f"the playbook has no commands to roll back {job.step} {job.title}")
    runner = context.runners(context.policy.automation).get("process")
    if runner is None:
        raise Refused("the runner process is not set up")
    permissions = [runner.check(invocation) for invocation in job.plan.undo]
    first = permissions[0]
    return Plan(
        runner="process", action=Action.ROLLBACK, invocations=job.plan.undo,
        timeout=min(permission.timeout for permission in permissions), remedy="rollback",
        where=first.where, run_as=first.run_as, limits=first.limits, rule=first.rule,
    )  # fmt: skip


async def hand_to_people(work: UnitOfWork, run: PlaybookRun, jobs: list[Job], why: str) -> None:
    """Tell people the commands that roll the rest back, in order. Without commands, do nothing."""
    lines = [invocation.quoted for job in jobs for invocation in job.plan.undo]
    if not lines:
        return
    text = f"{run.name}: not rolled back automatically: {why[:1].lower()}{why[1:]}. In this order: {'; '.join(lines)}"
    logged = entry(work.now, "playbook", BOT, text, act="left", walk=run.number, commands=lines)
    change = RunChange(run, (replace(logged, key=True),))
    await commit(work, change, [routing.jobs.leftovers(jobs[0], run, why, lines)])


def with_plan(change: RunChange, suffix: str, plan: Plan) -> RunChange:
    """Add what exactly runs to the change's last entry, which logs a start; `suffix` says it in words."""
    *earlier, last = change.entries
    data = {**last.data, "runs": [list(invocation.args) for invocation in plan.invocations], "digest": plan.digest}
    return replace(change, entries=(*earlier, replace(last, text=f"{last.text}{suffix}", data=data)))
