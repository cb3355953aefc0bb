"""Stores jobs: executions of playbook steps, each begun by one replica.

A replica commits `running` before anything starts. Leases go by the wall clock. A job whose lease ends while it is
`running` may have run: only a person moves it on.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.playbook.job import Job, JobState, Plan
from storage.engine.dialect import AnyRow, microseconds, sql_now, sql_now_plus
from storage.lease import LEASE
from storage.schema import jobs

_LIVE = sa.text("state IN ('queued', 'running')")  # as in the partial index, word for word
_OPEN = (JobState.QUEUED, JobState.RUNNING, JobState.MAY_HAVE_RUN)
_c = jobs.c


@dataclass(frozen=True, slots=True)
class NewJob:
    """A job to be queued."""

    incident: int
    run: int  # the number of the playbook run in its incident
    step: str
    title: str
    plan: Plan
    asked_by: str
    approved_by: str | None
    undoes: int | None = None  # the job that this rollback undoes
    chain: bool = False  # roll back the step before afterwards


async def add(conn: AsyncConnection, job: NewJob, now: datetime) -> Job:
    """Queue a job. Call it with the incident locked."""
    values = {
        "incident": job.incident,
        "walk": job.run,
        "step": job.step,
        "title": job.title,
        "action": str(job.plan.action),
        "plan": job.plan.as_json(),
        "digest": job.plan.digest,
        "state": str(JobState.QUEUED),
        "asked_by": job.asked_by,
        "asked_at": now,
        "approved_by": job.approved_by,
        "attempts": 0,
        "position": 0,
        "fence": 0,
        "undoes": job.undoes,
        "chain": job.chain,
        "next_try_at": sql_now(conn.dialect.name),
        "outcome": "",
        "output": "",
    }
    row = await conn.execute(sa.insert(jobs).values(**values).returning(jobs))
    return _job(row.one())


async def ready(conn: AsyncConnection, limit: int) -> list[Job]:
    """Jobs that can begin now, oldest first; `begin` decides which replica runs each."""
    queued = sa.select(jobs).where(_LIVE, _c.state == "queued", _c.next_try_at <= sql_now(conn.dialect.name))
    return [_job(row) for row in await conn.execute(queued.order_by(_c.next_try_at, _c.id).limit(limit))]


async def abandoned_jobs(conn: AsyncConnection, limit: int = 100) -> list[Job]:
    """Jobs that were running when their replica stopped, so that their lease ran out."""
    running = sa.select(jobs).where(_LIVE, _c.state == "running", _lease_over(conn))
    return [_job(row) for row in await conn.execute(running.order_by(_c.id).limit(limit))]


async def begin(conn: AsyncConnection, job: Job, now: datetime, lease: timedelta = LEASE) -> Job | None:
    """Claim a queued job, which counts as running from this commit on. `None` if another replica was first."""
    begun = await conn.execute(
        sa.update(jobs)
        .where(_c.id == job.id, _c.state == "queued", _c.fence == job.fence)
        .values(
            state=str(JobState.RUNNING),
            attempts=_c.attempts + 1,
            position=0,
            fence=_c.fence + 1,
            started_at=sa.func.coalesce(_c.started_at, sa.bindparam("now", now, _c.started_at.type)),
            lease_until=sql_now_plus(conn.dialect.name),
        )
        .returning(jobs),
        {"after_us": microseconds(lease)},
    )
    row = begun.one_or_none()
    return None if row is None else _job(row)


async def extend_lease(conn: AsyncConnection, job: Job, lease: timedelta = LEASE, position: int | None = None) -> bool:
    """Extend a running job's lease, and record which invocation begins. False if it was lost: then start nothing."""
    values: dict[str, Any] = {"lease_until": sql_now_plus(conn.dialect.name)}
    if position is not None:
        values["position"] = position
    extend = sa.update(jobs).where(*_still_claimed(job)).values(**values).returning(_c.id)
    return (await conn.execute(extend, {"after_us": microseconds(lease)})).one_or_none() is not None


async def retry_later(conn: AsyncConnection, job: Job, after: timedelta, outcome: str, output: str) -> bool:
    """Record that this attempt failed, and queue another. False if the claim was lost."""
    values = {"next_try_at": sql_now_plus(conn.dialect.name), "outcome": outcome, "output": output}
    return await _move(conn, job, JobState.QUEUED, values, after_us=microseconds(after))


async def finish(conn: AsyncConnection, job: Job, state: JobState, outcome: str, output: str, now: datetime) -> bool:
    """Record that a running job has ended, in `state`. False if the claim was lost."""
    return await _move(conn, job, state, {"outcome": outcome, "output": output, "finished_at": now})


async def mark_may_have_run(conn: AsyncConnection, job: Job, outcome: str, now: datetime) -> bool:
    """Record that a job's replica stopped while running it. False if its lease was extended after all."""
    values = {"outcome": outcome, "finished_at": now}
    return await _move(conn, job, JobState.MAY_HAVE_RUN, values, _lease_over(conn))


async def cancel(conn: AsyncConnection, job: Job, why: str, now: datetime) -> bool:
    """Cancel a queued job. False if it has begun."""
    cancelled = await conn.execute(
        sa.update(jobs)
        .where(_c.id == job.id, _c.state == "queued", _c.fence == job.fence)
        .values(state=str(JobState.REFUSED), outcome=why, finished_at=now)
        .returning(_c.id)
    )
    return cancelled.one_or_none() is not None


async def settle(conn: AsyncConnection, run: tuple[int, int], step: str, by: str, outcome: str) -> list[Job]:
    """Record a person's account of a step's jobs that may have run. `run`: the incident, and the run's number in it.

    Returns the jobs that this settled.
    """
    settled = await conn.execute(
        sa.update(jobs)
        .where(_c.incident == run[0], _c.walk == run[1], _c.step == step, _c.state == str(JobState.MAY_HAVE_RUN))
        .values(state=str(JobState.SETTLED), settled_by=by, outcome=outcome)
        .returning(jobs)
    )
    return [_job(row) for row in settled]


async def get(conn: AsyncConnection, number: int) -> Job | None:
    """The job with this ID; `None` if there is none."""
    row = (await conn.execute(sa.select(jobs).where(_c.id == number))).one_or_none()
    return None if row is None else _job(row)


async def of_run(conn: AsyncConnection, incident: int, run: int) -> list[Job]:
    """Every job of a playbook run, in the order in which they were queued."""
    of_this_run = sa.select(jobs).where(_c.incident == incident, _c.walk == run).order_by(_c.id)
    return [_job(row) for row in await conn.execute(of_this_run)]


async def open_of_step(conn: AsyncConnection, incident: int, run: int, step: str) -> Job | None:
    """The step's latest job that is queued, runs or may have run; `None` if there is none."""
    of_this_step = sa.select(jobs).where(
        _c.incident == incident, _c.walk == run, _c.step == step, _c.state.in_([str(state) for state in _OPEN])
    )
    row = (await conn.execute(of_this_step.order_by(_c.id.desc()).limit(1))).one_or_none()
    return None if row is None else _job(row)


async def count_by_runner(conn: AsyncConnection, incidents: Sequence[int]) -> Counter[tuple[str, str]]:
    """Jobs by runner and state: all that are queued or running, and those of `incidents` that may have run."""
    live = sa.select(_c.plan, _c.state).where(_LIVE)
    unclear = sa.select(_c.plan, _c.state).where(_c.incident.in_(incidents), _c.state == str(JobState.MAY_HAVE_RUN))
    rows = [*await conn.execute(live), *(await conn.execute(unclear) if incidents else ())]
    return Counter((str(row.plan["runner"]), str(row.state)) for row in rows)


def _lease_over(conn: AsyncConnection) -> sa.ColumnElement[bool]:
    return _c.lease_until <= sql_now(conn.dialect.name)


def _still_claimed(job: Job) -> tuple[sa.ColumnElement[bool], ...]:
    return (_c.id == job.id, _c.state == "running", _c.fence == job.fence)


async def _move(
    conn: AsyncConnection,
    job: Job,
    state: JobState,
    values: dict[str, Any],
    *conditions: sa.ColumnElement[bool],
    **parameters: Any,
) -> bool:
    """Put the job into `state` if it is still claimed. Returns whether it was."""
    update = sa.update(jobs).where(*_still_claimed(job), *conditions)
    update = update.values(state=str(state), lease_until=None, **values)
    return (await conn.execute(update.returning(_c.id), parameters)).one_or_none() is not None


def _job(row: AnyRow) -> Job:
    return Job(
        id=row.id,
        incident=row.incident,
        walk=row.walk,
        step=row.step,
        title=row.title,
        plan=Plan.from_json(row.plan),
        state=JobState(row.state),
        asked_by=row.asked_by,
        asked_at=row.asked_at,
        approved_by=row.approved_by,
        attempts=row.attempts,
        position=row.position,
        fence=row.fence,
        undoes=row.undoes,
        chain=row.chain,
        started_at=row.started_at,
        finished_at=row.finished_at,
        outcome=row.outcome,
        output=row.output,
        settled_by=row.settled_by,
        digest=row.digest,
    )
