"""Records each stage of a job: begun, lease renewed, finished, retried, recovered, settled by a person.

A job is one execution of a playbook step, which `bot.workers.job_runner` drives. The policy in force is asked again
when a job begins. A job that may have run is never repeated by itself: a person decides.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from bot.domain import routing
from bot.domain.errors import Refused
from bot.domain.incident import Change, Incident
from bot.domain.paging import triggers
from bot.domain.playbook import job_results
from bot.domain.playbook.job import Action, ExitKind, Job, JobState, Verdict, retry_after
from bot.domain.playbook.run import PlaybookRun, RunChange, StepAlreadySettled, StepStatus, status_text
from bot.domain.timeline.entry import BOT, entry
from bot.domain.values.durations import exact
from bot.domain.values.slack_ids import user_mention
from bot.usecases import authorize
from bot.usecases.context import Context
from bot.usecases.playbooks import rollback
from bot.usecases.playbooks.unit_of_work import commit, load_run
from bot.usecases.unit_of_work import UnitOfWork, locked_incident
from storage import jobs as stored
from storage.lease import LEASE

MAX_OUTPUT = 16_000  # characters of output kept with each job
TRIGGER = "auto_remediation_failed"

_NOT_RETRIED = (ExitKind.STOPPED, ExitKind.NOT_STARTED, ExitKind.LIMIT_EXCEEDED)


async def begin(context: Context, job: Job, lease: timedelta = LEASE) -> Job | None:
    """Claim a queued job, which counts as running from this commit on.

    None if another replica claimed it first, or if the policy in force does not permit it: then it ends as refused.
    """
    async with locked_incident(context, job.incident) as work:
        refusal = _refusal_now(context, work.incident, job)
        claimed = await stored.begin(work.conn, job, work.now, lease)
        if claimed is None or refusal is None:
            return claimed
        await _finish(work, claimed, JobState.REFUSED, "refused", refusal, "")
        return None


def _refusal_now(context: Context, incident: Incident, job: Job) -> str | None:
    """Why the policy in force does not permit the job. None if it does."""
    rules = context.policy.automation
    runner = context.runners(rules).get(job.plan.runner)
    if runner is None:
        return f"the runner {job.plan.runner} is not set up any more"
    if job.digest != job.plan.digest:
        return "the stored plan is not the one that was queued"
    if incident.drill:
        return "this is a drill, and a drill runs nothing"
    try:
        for invocation in job.plan.invocations:
            runner.check(invocation)
    except Refused as refused:
        return refused.message
    return None


async def begin_invocation(context: Context, job: Job, position: int, lease: timedelta = LEASE) -> bool:
    """Record that the invocation at `position` begins; renew the lease. False if another replica has the job now."""
    async with context.database.transaction() as conn:
        return await stored.extend_lease(conn, job, lease, position)


async def renew_lease(context: Context, job: Job, lease: timedelta = LEASE) -> bool:
    """Renew the lease on a running job. False if another replica has the job now."""
    async with context.database.transaction() as conn:
        return await stored.extend_lease(conn, job, lease)


async def finish(context: Context, job: Job, verdict: Verdict, kind: ExitKind, output: str) -> None:
    """Record how a job ended: it succeeded, is retried, may have run, or failed and is rolled back as the policy says.

    `output` must be masked already.
    """
    async with locked_incident(context, job.incident) as work:
        pause = retry_after(job) if not verdict.succeeded and kind not in _NOT_RETRIED else None
        if pause is not None:
            if await stored.retry_later(work.conn, job, pause, verdict.summary, output):
                await _record_retry(work, job, verdict, pause)
            return
        if kind is ExitKind.STOPPED:
            await _may_have_run(work, job, verdict.summary)
            return
        state, outcome = _outcome(verdict, kind)
        if not await _finish(work, job, state, outcome, verdict.summary, output):
            await _record_late_end(work, job, verdict)


def _outcome(verdict: Verdict, kind: ExitKind) -> tuple[JobState, str]:
    if verdict.succeeded:
        return JobState.DONE, "succeeded"
    return JobState.FAILED, "timed_out" if kind is ExitKind.TIMED_OUT else "failed"


async def recover_orphan(context: Context, job: Job) -> None:
    """Handle a job whose replica is gone: repeat it if its runner is idempotent, otherwise ask a person."""
    async with locked_incident(context, job.incident) as work:
        runner = context.runners(context.policy.automation).get(job.plan.runner)
        if runner is not None and runner.idempotent:
            await stored.retry_later(work.conn, job, timedelta(), "interrupted; started again", "")
            return
        await _may_have_run(work, job, "the bot ended in the middle", orphaned=True)


async def _may_have_run(work: UnitOfWork, job: Job, why: str, *, orphaned: bool = False) -> None:
    """Ask the channel whether an interrupted job ran. `orphaned`: the lease has ended, so no claim is left to check."""
    where = f"{why.rstrip('.')}, at {_position_text(job)}"
    line = f"may have run: {where}. It is not run again automatically; look, then say whether it ran"
    moved = (
        await stored.mark_may_have_run(work.conn, job, line, work.now)
        if orphaned
        else await stored.finish(work.conn, job, JobState.MAY_HAVE_RUN, line, "", work.now)
    )
    if not moved:
        return
    run, _ = await load_run(work.conn, job.incident, job.walk)
    change = job_results.may_have_run(run, job.step, str(job.id), line, work.now)
    await commit(work, change, [routing.jobs.question(job)])
    await _fire_trigger(work, job)


def _position_text(job: Job) -> str:
    count = len(job.plan.invocations)
    position = min(job.position, count - 1)
    return f"`{job.plan.invocations[position].quoted}`" + (f" ({position + 1} of {count})" if count > 1 else "")


async def _finish(work: UnitOfWork, job: Job, state: JobState, outcome: str, summary: str, output: str) -> bool:
    """Record the end of a job with its consequences. False, with nothing changed, if another replica has it now."""
    if not await stored.finish(work.conn, job, state, summary, output, work.now):
        return False
    run, _ = await load_run(work.conn, job.incident, job.walk)
    change = job_results.record_end(run, job.step, str(job.id), outcome, summary, work.now)
    run = await commit(work, change, [routing.jobs.output(job)])
    if state is JobState.DONE and job.chain:
        await rollback.roll_back_next(work, run)
    elif state is JobState.FAILED:
        await _after_failure(work, job, run)
    return True


async def _after_failure(work: UnitOfWork, job: Job, run: PlaybookRun) -> None:
    """Fire the trigger of a failed remedy; roll back what ran in this run, or leave that to people."""
    await _fire_trigger(work, job)
    if job.action is Action.ROLLBACK:
        await rollback.hand_to_people(work, run, await rollback.jobs_to_undo(work, run), "The rollback failed")
    elif work.context.policy.automation.on_failure == "rollback":
        await rollback.roll_back_next(work, run)
    else:
        await rollback.hand_to_people(work, run, await rollback.jobs_to_undo(work, run), "It failed")


async def _fire_trigger(work: UnitOfWork, job: Job) -> None:
    """If a remedy ran in this run, fire the trigger for a failed one: the policy may page somebody."""
    if job.plan.remedy is None and not any(
        other_job.plan.remedy
        for other_job in await stored.of_run(work.conn, job.incident, job.walk)
        if other_job.started_at
    ):
        return
    fired = triggers.fire(work.incident, work.policy, TRIGGER, work.now)
    if fired != work.incident:
        await work.commit(Change(fired))


async def _record_retry(work: UnitOfWork, job: Job, verdict: Verdict, pause: timedelta) -> None:
    remaining = job.plan.retries + 1 - job.attempts
    line = f"attempt {job.attempts} failed ({verdict.summary}); again in {exact(pause)}, {remaining} left"
    run, _ = await load_run(work.conn, job.incident, job.walk)
    logged = entry(
        work.now, "playbook", BOT, f"{run.name}, {job.step} {job.title}: {line}",
        act="retried", walk=job.walk, step=job.step, job=str(job.id),
    )  # fmt: skip
    await commit(work, RunChange(run, (logged,)))


async def _record_late_end(work: UnitOfWork, job: Job, verdict: Verdict) -> None:
    """Log the end of a job that was already given up as “may have run”, for the person who decides."""
    run, _ = await load_run(work.conn, job.incident, job.walk)
    text = f"{run.name}, {job.step} {job.title}: it has ended after all: {verdict.summary}"
    logged = entry(work.now, "playbook", BOT, text, act="came_back", walk=job.walk, step=job.step, job=str(job.id))
    await commit(work, RunChange(run, (replace(logged, key=True),)))


async def settle(
    context: Context, number: int, job_id: int, answer: str, by: str, delivery: str | None = None
) -> PlaybookRun:
    """Record a person's answer whether an interrupted job ran.

    `answer` is `ran`, after which the step is done, or `not`, after which it is open again.
    Raises `StepAlreadySettled` if another person was faster.
    """
    async with locked_incident(context, number, delivery) as work:
        authorize.require_member(context, "run", by, work.incident, "say whether a step ran")
        job = await stored.get(work.conn, job_id)
        if job is None or job.incident != number:
            raise Refused("There is no such job here.", "playbook")
        run, _ = await load_run(work.conn, number, job.walk)
        state = run.step(job.step)
        if job.state is not JobState.MAY_HAVE_RUN:
            raise StepAlreadySettled("settled", state)
        text = "it ran" if answer == "ran" else "it did not run"
        if state.state is not StepStatus.MAY_HAVE_RUN:
            text = f"the step is {status_text(state.state)} already"
        await stored.settle(work.conn, (number, job.walk), job.step, by, text)
        change = job_results.settle_uncertain(run, job.step, str(job_id), answer == "ran", by, work.now)
        if not change.entries:
            line = f"{run.name}, {job.step} {job.title}: {text}"
            change = RunChange(run, (entry(work.now, "playbook", by, line, act="settled", walk=run.number),))
        return await commit(work, change, [routing.jobs.question_over(job, f"{user_mention(by)} says: {text}.")])
