"""Jobs: taken by one replica, which commits that it runs before anything starts, and never taken again after that.

Leases go by the wall clock. A job that is `running` when its lease ends may have run: only a person moves it on.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.playbook.job import Job, JobState, Plan
from storage.engine.dialect import AnyRow, db_now_s
from storage.lease import LEASE
from storage.schema import jobs

# As in the partial index, word for word.
_LIVE = sa.text("state IN ('queued', 'running')")
_OPEN = (JobState.QUEUED, JobState.RUNNING, JobState.MAY_HAVE_RUN)
_c = jobs.c


async def add(
    conn: AsyncConnection,
    *,
    incident: int,
    walk: int,
    step: str,
    title: str,
    plan: Plan,
    asked_by: str,
    approved_by: str | None,
    now: datetime,
    undoes: int | None = None,
    chain: bool = False,
) -> Job:
    """Queue one. Call it with the incident locked."""
    made = await conn.execute(
        sa.insert(jobs)
        .values(
            incident=incident,
            walk=walk,
            step=step,
            title=title,
            action=str(plan.action),
            plan=plan.as_json(),
            digest=plan.digest,
            state=str(JobState.QUEUED),
            asked_by=asked_by,
            asked_at=now,
            approved_by=approved_by,
            attempts=0,
            position=0,
            fence=0,
            undoes=undoes,
            chain=chain,
            next_try_at=db_now_s(conn),
            outcome="",
            output="",
        )
        .returning(jobs)
    )
    return _job(made.one())


async def ready(conn: AsyncConnection, limit: int) -> list[Job]:
    """What could be begun now, oldest first; `begin` decides who does."""
    wanted = sa.select(jobs).where(_LIVE, _c.state == "queued", _c.next_try_at <= db_now_s(conn))
    return [_job(row) for row in await conn.execute(wanted.order_by(_c.next_try_at, _c.id).limit(limit))]


async def left_behind(conn: AsyncConnection, limit: int = 100) -> list[Job]:
    """What was running when whoever ran it went away."""
    wanted = sa.select(jobs).where(_LIVE, _c.state == "running", _c.lease_until <= db_now_s(conn))
    return [_job(row) for row in await conn.execute(wanted.order_by(_c.id).limit(limit))]


async def begin(conn: AsyncConnection, job: Job, now: datetime, lease: timedelta = LEASE) -> Job | None:
    """Take it: from this commit on it runs. None where another replica was first."""
    taken = await conn.execute(
        sa.update(jobs)
        .where(_c.id == job.id, _c.state == "queued", _c.fence == job.fence)
        .values(
            state=str(JobState.RUNNING),
            attempts=_c.attempts + 1,
            position=0,
            fence=_c.fence + 1,
            started_at=sa.func.coalesce(_c.started_at, sa.bindparam("now", now, _c.started_at.type)),
            lease_until=db_now_s(conn, lease),
        )
        .returning(jobs)
    )
    row = taken.one_or_none()
    return None if row is None else _job(row)


async def hold(conn: AsyncConnection, job: Job, lease: timedelta = LEASE, position: int | None = None) -> bool:
    """Keep it, and note which piece begins. False where it is not ours any more: then nothing may be started."""
    values: dict[str, Any] = {"lease_until": db_now_s(conn, lease)}
    if position is not None:
        values["position"] = position
    held = await conn.execute(sa.update(jobs).where(*_ours(job)).values(**values).returning(_c.id))
    return held.one_or_none() is not None


async def again(conn: AsyncConnection, job: Job, after: timedelta, outcome: str, output: str) -> bool:
    """This attempt failed, and another follows. False where it is not ours any more."""
    values = {"next_try_at": db_now_s(conn, after), "outcome": outcome, "output": output}
    return await _move(conn, job, JobState.QUEUED, values)


async def finish(conn: AsyncConnection, job: Job, state: JobState, outcome: str, output: str, now: datetime) -> bool:
    """It is over, in whatever state. False where it is not ours any more."""
    return await _move(conn, job, state, {"outcome": outcome, "output": output, "finished_at": now})


async def may_have_run(conn: AsyncConnection, job: Job, outcome: str, now: datetime) -> bool:
    """Whoever ran it is gone. False where it has lived on after all."""
    gone = _c.lease_until <= db_now_s(conn)
    values = {"outcome": outcome, "finished_at": now}
    return await _move(conn, job, JobState.MAY_HAVE_RUN, values, gone)


async def cancel(conn: AsyncConnection, job: Job, why: str, now: datetime) -> bool:
    """It was queued, and is not wanted any more. False where somebody has begun it."""
    moved = await conn.execute(
        sa.update(jobs)
        .where(_c.id == job.id, _c.state == "queued", _c.fence == job.fence)
        .values(state=str(JobState.REFUSED), outcome=why, finished_at=now)
        .returning(_c.id)
    )
    return moved.one_or_none() is not None


async def settle(conn: AsyncConnection, walk: tuple[int, int], step: str, by: str, outcome: str) -> list[Job]:
    """A person has said what became of what may have run."""
    settled = await conn.execute(
        sa.update(jobs)
        .where(_c.incident == walk[0], _c.walk == walk[1], _c.step == step, _c.state == str(JobState.MAY_HAVE_RUN))
        .values(state=str(JobState.SETTLED), settled_by=by, outcome=outcome)
        .returning(jobs)
    )
    return [_job(row) for row in settled]


async def get(conn: AsyncConnection, number: int) -> Job | None:
    row = (await conn.execute(sa.select(jobs).where(_c.id == number))).one_or_none()
    return None if row is None else _job(row)


async def of_walk(conn: AsyncConnection, incident: int, walk: int) -> list[Job]:
    """All that was ever asked of the runners in a walk, in that order."""
    wanted = sa.select(jobs).where(_c.incident == incident, _c.walk == walk).order_by(_c.id)
    return [_job(row) for row in await conn.execute(wanted)]


async def open_of_step(conn: AsyncConnection, incident: int, walk: int, step: str) -> Job | None:
    """What is queued, runs or may have run there."""
    wanted = sa.select(jobs).where(
        _c.incident == incident, _c.walk == walk, _c.step == step, _c.state.in_([str(state) for state in _OPEN])
    )
    row = (await conn.execute(wanted.order_by(_c.id.desc()).limit(1))).one_or_none()
    return None if row is None else _job(row)


async def next_try_at(conn: AsyncConnection) -> datetime | None:
    """When the next queued one may be begun."""
    wanted = sa.select(sa.func.min(_c.next_try_at)).where(_LIVE, _c.state == "queued")
    found: datetime | None = await conn.scalar(wanted)
    return found


async def census(conn: AsyncConnection, incidents: Sequence[int]) -> Counter[tuple[str, str]]:
    """How many are queued and running, and in these incidents may have run: by runner and state."""
    live = sa.select(_c.plan, _c.state).where(_LIVE)
    asked = sa.select(_c.plan, _c.state).where(_c.incident.in_(incidents), _c.state == str(JobState.MAY_HAVE_RUN))
    rows = [*await conn.execute(live), *(await conn.execute(asked) if incidents else ())]
    return Counter((str(row.plan["runner"]), str(row.state)) for row in rows)


def _ours(job: Job) -> tuple[sa.ColumnElement[bool], ...]:
    return (_c.id == job.id, _c.state == "running", _c.fence == job.fence)


async def _move(
    conn: AsyncConnection, job: Job, state: JobState, values: dict[str, Any], *more: sa.ColumnElement[bool]
) -> bool:
    moved = await conn.execute(
        sa.update(jobs).where(*_ours(job), *more).values(state=str(state), lease_until=None, **values).returning(_c.id)
    )
    return moved.one_or_none() is not None


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
