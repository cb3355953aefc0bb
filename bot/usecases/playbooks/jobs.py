"""Jobs: a step is given to a runner, begun, ended; what may have run waits for a person. Each is one transaction.

What runs is settled when it is asked for (`Plan`), compared with what was approved, and asked of the policy in force
again at the moment of beginning.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

from bot.domain import routing
from bot.domain.errors import Refused
from bot.domain.incident import Change, Incident
from bot.domain.paging import triggers
from bot.domain.playbook import automation, job_results
from bot.domain.playbook import job as jobs
from bot.domain.playbook import run as walks
from bot.domain.playbook.definition import Playbook, Step
from bot.domain.playbook.job import Action, ExitKind, Job, JobState, Verdict
from bot.domain.playbook.run import PlaybookRun
from bot.domain.routing.notice import Notice
from bot.domain.timeline.entry import BOT, entry
from bot.domain.values.durations import exact
from bot.domain.values.slack_ids import user_mention
from bot.usecases.context import Context
from bot.usecases.playbooks import confidence, rollback, unit_of_work
from bot.usecases.playbooks.dry_run import DryRun, dry_run
from bot.usecases.unit_of_work import UnitOfWork, locked_incident
from storage import jobs as stored
from storage.jobs import NewJob
from storage.lease import LEASE

MAX_OUTPUT = 16_000  # characters of output, with each job
TRIGGER = "auto_remediation_failed"


@dataclass(frozen=True, slots=True)
class QueueResult:
    """What came of asking: the job, or the reason why there is none. Either stands on the timeline."""

    run: PlaybookRun
    job: Job | None = None
    refused: str | None = None


# --- asking ----------------------------------------------------------------------------------------------------------


async def queue_step_in(
    work: UnitOfWork,
    run: PlaybookRun,
    step_key: str,
    by: str,
    approved_by: str | None = None,
    action: str = "run",
    plan_digest: str | None = None,
) -> QueueResult:
    """Give a step, or its rollback, to its runner. What is refused is said on the timeline, and nothing runs.

    `shown` is the digest of the plan that the person saw. Call it with the incident locked, and look at `refused`:
    nothing is raised for it, so that the entry is committed.
    """
    run, playbook = await unit_of_work.load_run(work.conn, run.incident, run.number)
    step = _find_step(playbook, step_key)
    try:
        return await _queue(work, run, playbook, step, by, approved_by, Action(action), plan_digest)
    except walks.Overtaken:
        raise
    except Refused as refused:
        return await _record_refusal(work, run, step, by, action, refused.message)


async def queue_step(
    context: Context,
    number: int,
    run_number: int,
    step: str,
    by: str,
    action: str = "run",
    delivery: str | None = None,
    plan_digest: str | None = None,
) -> QueueResult:
    """`ask`, in a transaction of its own."""
    async with unit_of_work.locked_run(context, number, run_number, delivery) as (work, known, _):
        return await queue_step_in(work, known, step, by, action=action, plan_digest=plan_digest)


async def _queue(
    work: UnitOfWork, run: PlaybookRun, playbook: Playbook, step: Step,
    by: str, approved_by: str | None, action: Action,
    plan_digest: str | None,
) -> QueueResult:  # fmt: skip
    if run.step(step.key).state is walks.StepStatus.RUNNING:
        raise walks.Overtaken("running", run.step(step.key))
    sure = await confidence.playbook_confidence(work.conn, work.incident, playbook.id, work.now)
    dry = dry_run(work.context, work.incident, playbook, step, run.values, action, sure)
    if dry.plan is None or dry.decision.mode == automation.REFUSED:
        raise Refused(dry.explanation)
    if by == BOT and dry.decision.mode not in _UNATTENDED:
        raise Refused(dry.explanation)
    if by == BOT and dry.decision.mode == automation.APPROVE and not run.step(step.key).needs_approval:
        raise Refused(dry.explanation)
    if plan_digest is not None and plan_digest != dry.plan.digest:
        raise Refused("What would run now is not what you were shown. Press Run again and look.")
    _check_approval(run, step, dry, action)
    settled = await _settle_uncertain(work, run, step, by, action)
    mark = run.step(step.key)
    approver = mark.asked.answered_by if mark.needs_approval and mark.asked else approved_by
    new = NewJob(run.incident, run.number, step.key, step.title, dry.plan, asked_by=by, approved_by=approver)
    job = await stored.add(work.conn, new, work.now)
    change = job_results.started(run, step.key, str(job.id), by, work.now, str(action))
    why = f". {dry.explanation}" if by == BOT else ""
    changed = await unit_of_work.commit(
        work, rollback.with_plan(change, f": {'; '.join(dry.lines)}{why}", dry.plan), settled
    )
    work.context.wakeups.jobs.set()
    return QueueResult(changed, job)


def _check_approval(run: PlaybookRun, step: Step, dry: DryRun, action: Action) -> None:
    """What was approved is what runs, and whoever asked has not approved it."""
    mark = run.step(step.key)
    if not mark.needs_approval:
        return
    asked = mark.asked
    if mark.state is not walks.StepStatus.APPROVED or asked is None or asked.answer not in walks.GRANTED:
        raise Refused(f"Step {step.key} needs somebody's approval first.")
    if asked.answer is walks.ApprovalStatus.APPROVED and asked.answered_by in (None, asked.by):
        raise Refused("Whoever asked cannot approve it.")
    if asked.action not in _APPROVES[action] or tuple(asked.shown) != dry.lines:
        raise Refused("What was approved is not what would run now. Ask for approval again.")


_UNATTENDED = (automation.AUTO, automation.APPROVE)
# Whoever approved that it is done has approved that it is run, where the lines are the same.
_APPROVES = {Action.RUN: ("run", "do"), Action.ROLLBACK: ("rollback",)}


async def _settle_uncertain(work: UnitOfWork, run: PlaybookRun, step: Step, by: str, action: Action) -> list[Notice]:
    """Nothing runs beside itself; what may have run is settled by whoever runs it again."""
    standing = await stored.open_of_step(work.conn, run.incident, run.number, step.key)
    if standing is None:
        return []
    if standing.state is not JobState.MAY_HAVE_RUN:
        raise Refused(f"Step {step.key} is {standing.state} already.")
    if by == BOT:
        raise Refused("It may have run already, and a person has to say whether it did.")
    anew, words = ("run again", "runs it again") if action is Action.RUN else ("rolled back", "rolls it back")
    settled = await stored.settle(work.conn, (run.incident, run.number), step.key, by, anew)
    return [routing.jobs.question_over(job, f"{user_mention(by)} {words}.") for job in settled]


async def _record_refusal(
    work: UnitOfWork, run: PlaybookRun, step: Step, by: str, action: str, words: str
) -> QueueResult:
    """Nothing has run; it stands on the timeline that somebody wanted it, and why not."""
    text = f"{run.name}, {step.key} {step.title}: not {'rolled back' if action == 'rollback' else 'run'}. {words}"
    said = entry(work.now, "playbook", by, text, act="refused", walk=run.number, step=step.key, action=action)
    changed = await unit_of_work.commit(work, walks.RunChange(run, (said,)))
    return QueueResult(changed, None, words)


# --- running ---------------------------------------------------------------------------------------------------------


async def begin(context: Context, job: Job, lease: timedelta = LEASE) -> Job | None:
    """Take a queued job: from this commit on it runs. None where another replica was first, or it may not any more."""
    async with locked_incident(context, job.incident) as work:
        why = _refusal_now(context, work.incident, job)
        taken = await stored.begin(work.conn, job, work.now, lease)
        if taken is None:
            return None
        if why is None:
            return taken
        await _finish(work, taken, JobState.REFUSED, "refused", why, "")
        return None


def _refusal_now(context: Context, incident: Incident, job: Job) -> str | None:
    """Why the policy in force does not let it run now."""
    rules = context.policy.automation
    runner = context.runners(rules).get(job.plan.runner)
    if runner is None:
        return f"the runner {job.plan.runner} is not set up any more"
    if job.digest != job.plan.digest:
        return "what stands in the database is not what was asked for"
    if incident.drill:
        return "this is a drill, and a drill runs nothing"
    try:
        for invocation in job.plan.invocations:
            runner.check(invocation)
    except Refused as refused:
        return refused.message
    return None


async def begin_invocation(context: Context, job: Job, position: int, lease: timedelta = LEASE) -> bool:
    """Note that the piece at `position` begins. False where the job is not ours any more."""
    async with context.database.transaction() as conn:
        return await stored.extend_lease(conn, job, lease, position)


async def renew_lease(context: Context, job: Job, lease: timedelta = LEASE) -> bool:
    async with context.database.transaction() as conn:
        return await stored.extend_lease(conn, job, lease)


async def finish(context: Context, job: Job, verdict: Verdict, how: ExitKind, output: str) -> None:
    """It has ended: it worked, it is tried again, or it has failed, and then what it did is taken back.

    `output` is masked already.
    """
    async with locked_incident(context, job.incident) as work:
        after = jobs.retry_after(job) if not verdict.succeeded and how not in _FINAL else None
        if after is not None:
            if await stored.retry_later(work.conn, job, after, verdict.summary, output):
                await _record_retry(work, job, verdict, after)
            return
        if how is ExitKind.STOPPED:
            await _may_have_run(work, job, verdict.summary)
            return
        state, outcome = _outcome(verdict, how)
        if not await _finish(work, job, state, outcome, verdict.summary, output):
            await _record_late_end(work, job, verdict)


_FINAL = (ExitKind.STOPPED, ExitKind.NOT_STARTED, ExitKind.LIMIT_EXCEEDED)


def _outcome(verdict: Verdict, how: ExitKind) -> tuple[JobState, str]:
    if verdict.succeeded:
        return JobState.DONE, "succeeded"
    return JobState.FAILED, "timed_out" if how is ExitKind.TIMED_OUT else "failed"


async def recover_orphan(context: Context, job: Job) -> None:
    """Whoever ran it is gone. It is never run again by itself, unless doing it twice changes nothing."""
    async with locked_incident(context, job.incident) as work:
        runner = context.runners(context.policy.automation).get(job.plan.runner)
        if runner is not None and runner.idempotent:
            await stored.retry_later(work.conn, job, timedelta(), "interrupted; begun anew", "")
            return
        await _may_have_run(work, job, "the bot ended in the middle", gone=True)


async def _may_have_run(work: UnitOfWork, job: Job, why: str, *, gone: bool = False) -> None:
    where = f"{why.rstrip('.')}, at {_position_text(job)}"
    words = f"may have run: {where}. It is not run again by itself; look, then say how it stands"
    moved = (
        await stored.mark_may_have_run(work.conn, job, words, work.now)
        if gone
        else await stored.finish(work.conn, job, JobState.MAY_HAVE_RUN, words, "", work.now)
    )
    if not moved:
        return
    run, _ = await unit_of_work.load_run(work.conn, job.incident, job.walk)
    change = job_results.may_have_run(run, job.step, str(job.id), words, work.now)
    await unit_of_work.commit(work, change, [routing.jobs.question(job)])
    await _fire_trigger(work, job)


def _position_text(job: Job) -> str:
    count = len(job.plan.invocations)
    invocation = job.plan.invocations[min(job.position, count - 1)]
    return f"`{invocation.quoted}`" + (f" ({min(job.position, count - 1) + 1} of {count})" if count > 1 else "")


async def _finish(work: UnitOfWork, job: Job, state: JobState, outcome: str, words: str, output: str) -> bool:
    """Write down how it ended, with what follows from it. False where it was not ours any more."""
    if not await stored.finish(work.conn, job, state, words, output, work.now):
        return False
    run, playbook = await unit_of_work.load_run(work.conn, job.incident, job.walk)
    change = job_results.finished(run, job.step, str(job.id), outcome, words, work.now)
    run = await unit_of_work.commit(work, change, [routing.jobs.output(job)])
    if state is JobState.DONE:
        await _after_success(work, job, run)
    elif state is JobState.FAILED:
        await _after_failure(work, job, run, playbook)
    return True


async def _after_success(work: UnitOfWork, job: Job, run: PlaybookRun) -> None:
    if job.chain:
        await rollback.roll_back_next(work, run)


async def _after_failure(work: UnitOfWork, job: Job, run: PlaybookRun, playbook: Playbook) -> None:
    """Somebody is paged where it was to mend something; what the bot did in this walk is taken back, last first."""
    await _fire_trigger(work, job)
    if job.action is Action.ROLLBACK:
        await rollback.hand_to_people(work, run, await rollback.jobs_to_undo(work, run), "The rollback failed")
        return
    if work.context.policy.automation.on_failure == "rollback":
        await rollback.roll_back_next(work, run)
    else:
        await rollback.hand_to_people(work, run, await rollback.jobs_to_undo(work, run), "It failed")


async def _fire_trigger(work: UnitOfWork, job: Job) -> None:
    """What was to mend something has failed: the policy may say that somebody is paged for that."""
    if job.plan.remedy is None and not any(
        one.plan.remedy for one in await stored.of_run(work.conn, job.incident, job.walk) if one.started_at
    ):
        return
    tripped = triggers.fire(work.incident, work.policy, TRIGGER, work.now)
    if tripped != work.incident:
        await work.commit(Change(tripped))


async def _record_retry(work: UnitOfWork, job: Job, verdict: Verdict, after: timedelta) -> None:
    left = job.plan.retries + 1 - job.attempts
    text = f"attempt {job.attempts} failed ({verdict.summary}); again in {exact(after)}, {left} left"
    run, _ = await unit_of_work.load_run(work.conn, job.incident, job.walk)
    said = entry(
        work.now, "playbook", BOT, f"{run.name}, {job.step} {job.title}: {text}",
        act="retried", walk=job.walk, step=job.step, job=str(job.id),
    )  # fmt: skip
    await unit_of_work.commit(work, walks.RunChange(run, (said,)))


async def _record_late_end(work: UnitOfWork, job: Job, verdict: Verdict) -> None:
    """It was given up as perhaps run, and has ended after all: whoever decides should know how."""
    run, _ = await unit_of_work.load_run(work.conn, job.incident, job.walk)
    text = f"{run.name}, {job.step} {job.title}: it has ended after all: {verdict.summary}"
    said = entry(work.now, "playbook", BOT, text, act="came_back", walk=job.walk, step=job.step, job=str(job.id))
    await unit_of_work.commit(work, walks.RunChange(run, (replace(said, key=True),)))


# --- what a person says of what may have run -------------------------------------------------------------------------


async def settle(
    context: Context, number: int, job: int, answer: str, by: str, delivery: str | None = None
) -> PlaybookRun:
    """`ran`: the step is done. `not`: it has not run, and is open again. Raises `Refused` where somebody was first."""
    async with locked_incident(context, number, delivery) as work:
        known = await stored.get(work.conn, job)
        if known is None or known.incident != number:
            raise Refused("There is no such job here.", "playbook")
        run, _ = await unit_of_work.load_run(work.conn, number, known.walk)
        step = run.step(known.step)
        if known.state is not JobState.MAY_HAVE_RUN:
            raise walks.Overtaken("settled", step)
        said = "it ran" if answer == "ran" else "it did not run"
        if step.state is not walks.StepStatus.MAY_HAVE_RUN:
            said = f"the step is {walks.status_text(step.state)} already"
        await stored.settle(work.conn, (number, known.walk), known.step, by, said)
        change = job_results.settle_uncertain(run, known.step, str(job), answer == "ran", by, work.now)
        if not change.entries:
            text = f"{run.name}, {known.step} {known.title}: {said}"
            change = walks.RunChange(run, (entry(work.now, "playbook", by, text, act="settled", walk=run.number),))
        return await unit_of_work.commit(
            work, change, [routing.jobs.question_over(known, f"{user_mention(by)} says: {said}.")]
        )


# --- within -----------------------------------------------------------------------------------------------------------


def _find_step(playbook: Playbook, key: str) -> Step:
    for step in playbook.steps:
        if step.key == key:
            return step
    raise Refused(f"{playbook.name} has no step {key[:20]}.", "playbook")
