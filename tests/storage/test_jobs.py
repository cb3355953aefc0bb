"""Jobs are begun by one replica, held by a lease, and never begun again."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from bot.domain.playbook.job import Action, Invocation, Job, JobState, Plan
from storage import jobs, retention, schema
from storage.database import Database
from storage.lease import LEASE
from tests.storage.helpers import NOW, store_incidents

AT_ONCE, GONE = timedelta(), timedelta(seconds=-1)
PLAN = Plan(
    "process", Action.RUN, (Invocation(("look", "a b", "‘ü’")),), timedelta(seconds=5), undo=(Invocation(("back",)),)
)


async def add_job(database: Database, step: str = "1.1") -> Job:
    await store_incidents(database, 1)
    async with database.transaction() as conn:
        job = jobs.NewJob(1, 1, step, "Look", PLAN, asked_by="U0MAYA", approved_by=None)
        return await jobs.add(conn, job, NOW)


async def begun(database: Database, job: Job, lease: timedelta = LEASE) -> Job | None:
    async with database.transaction() as conn:
        return await jobs.begin(conn, job, NOW, lease)


async def test_a_plan_comes_back_byte_for_byte(database: Database) -> None:
    job = await add_job(database)
    async with database.reading() as conn:
        job_now = await jobs.get(conn, job.id)
    assert job_now is not None
    assert job_now.plan == PLAN
    assert job_now.digest == PLAN.digest


async def test_one_of_many_replicas_begins_a_job(database: Database) -> None:
    job = await add_job(database)
    claims = await asyncio.gather(*(begun(database, job) for _ in range(12)))
    assert sum(claim is not None for claim in claims) == 1
    async with database.reading() as conn:
        assert await jobs.ready(conn, 10) == []
        assert await jobs.count_by_runner(conn, []) == {("process", "running"): 1}


async def test_a_running_job_is_abandoned_only_after_its_lease(database: Database) -> None:
    job = await begun(database, await add_job(database))
    assert job is not None
    async with database.transaction() as conn:
        assert await jobs.abandoned_jobs(conn) == []
        assert not await jobs.mark_may_have_run(conn, job, "gone", NOW)
        assert await jobs.extend_lease(conn, job, GONE, position=3)
        (left,) = await jobs.abandoned_jobs(conn)
        assert left.position == 3
        assert await jobs.mark_may_have_run(conn, left, "gone", NOW)
        assert not await jobs.mark_may_have_run(conn, left, "gone", NOW)
        assert await jobs.abandoned_jobs(conn) == []
        assert await jobs.ready(conn, 10) == []


async def test_a_lost_claim_can_neither_extend_nor_finish_a_job(database: Database) -> None:
    job = await begun(database, await add_job(database), GONE)
    assert job is not None
    async with database.transaction() as conn:
        await jobs.mark_may_have_run(conn, job, "gone", NOW)
        assert not await jobs.extend_lease(conn, job)
        assert not await jobs.finish(conn, job, JobState.DONE, "exit code 0", "", NOW)
        assert not await jobs.retry_later(conn, job, AT_ONCE, "", "")
        job_now = await jobs.get(conn, job.id)
    assert job_now is not None
    assert job_now.state is JobState.MAY_HAVE_RUN
    assert await begun(database, job_now) is None


async def test_another_attempt_has_another_fence(database: Database) -> None:
    first = await begun(database, await add_job(database))
    assert first is not None
    async with database.transaction() as conn:
        assert await jobs.retry_later(conn, first, AT_ONCE, "exit code 1", "out")
        (waiting,) = await jobs.ready(conn, 10)
    second = await begun(database, waiting)
    assert second is not None
    assert (second.attempts, second.fence) == (2, 2)
    async with database.transaction() as conn:
        assert not await jobs.finish(conn, first, JobState.DONE, "", "", NOW)
        assert await jobs.finish(conn, second, JobState.DONE, "", "", NOW)


async def test_a_later_attempt_waits(database: Database) -> None:
    job = await begun(database, await add_job(database))
    assert job is not None
    async with database.transaction() as conn:
        await jobs.retry_later(conn, job, timedelta(hours=1), "exit code 1", "")
        assert await jobs.ready(conn, 10) == []
        next_try_at = await conn.scalar(sa.select(schema.jobs.c.next_try_at))
        assert next_try_at is not None
        assert next_try_at > datetime.now(UTC) + timedelta(minutes=59)


@pytest.mark.parametrize("answer", ["it ran", "it did not run"])
async def test_a_person_settles_what_may_have_run_once(database: Database, answer: str) -> None:
    job = await begun(database, await add_job(database), GONE)
    assert job is not None
    async with database.transaction() as conn:
        await jobs.mark_may_have_run(conn, job, "gone", NOW)
        assert await jobs.open_of_step(conn, 1, 1, "1.1") is not None
        (settled,) = await jobs.settle(conn, (1, 1), "1.1", "U0MAYA", answer)
        assert (settled.state, settled.settled_by, settled.outcome) == (JobState.SETTLED, "U0MAYA", answer)
        assert await jobs.settle(conn, (1, 1), "1.1", "U0TOM", answer) == []
        assert await jobs.open_of_step(conn, 1, 1, "1.1") is None


async def test_output_is_deleted_with_the_texts_of_the_incident(database: Database) -> None:
    job = await begun(database, await add_job(database))
    assert job is not None
    async with database.transaction() as conn:
        await jobs.finish(conn, job, JobState.DONE, "exit code 0", "names of customers", NOW)
        assert await retention.drop_ledger(conn, 1) == 1
        assert await retention.drop_ledger(conn, 1) == 0
        job_now = await jobs.get(conn, job.id)
    assert job_now is not None
    assert (job_now.output, job_now.outcome) == ("", "exit code 0")
