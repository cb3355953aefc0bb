"""Executed steps are undone in reverse, once each, with the commands that were fixed when they were queued."""

from __future__ import annotations

import pytest

from bot.domain.playbook.job import Action, ExitKind, Job, JobState, Verdict
from bot.usecases.context import Context
from bot.usecases.playbooks import jobs, runs
from bot.usecases.playbooks.job_queue import queue_step
from bot.usecases.playbooks.rollback import jobs_to_undo, roll_back_next
from bot.usecases.playbooks.unit_of_work import locked_run
from storage import jobs as stored
from storage.timeline import entries
from tests.scenarios.shop import MAYA, Shop
from tests.usecases.conftest import MakeContext
from tests.usecases.playbooks.automation import running


@pytest.fixture
async def context(make_context: MakeContext, shop: Shop) -> Context:
    """Steps 1.1 and 1.2 ran; only 1.2 has commands that undo it."""
    context = await running(make_context, shop)
    for step in ("1.1", "1.2"):
        result = await queue_step(context, 1, 1, step, MAYA)
        assert result.job is not None
        await finish_job(context, result.job)
    return context


async def finish_job(context: Context, job: Job, summary: str = "exit code 0", *, succeeded: bool = True) -> None:
    """Let the job begin and end."""
    begun = await jobs.begin(context, job)
    assert begun is not None
    await jobs.finish(context, begun, Verdict(succeeded, summary), ExitKind.ENDED, "")


async def rollbacks(context: Context) -> list[Job]:
    async with context.database.reading() as conn:
        return [job for job in await stored.of_run(conn, 1, 1) if job.action is Action.ROLLBACK]


async def roll_back(context: Context) -> None:
    async with locked_run(context, 1, 1, None) as (work, run, _):
        await roll_back_next(work, run)


async def test_the_last_step_with_an_undo_is_queued_with_the_fixed_commands(context: Context) -> None:
    await roll_back(context)
    (job,) = await rollbacks(context)
    assert (job.step, job.state, job.chain) == ("1.2", JobState.QUEUED, True)
    assert job.plan.invocations[0].args[-1] == "back-api"


async def test_what_is_being_undone_is_not_undone_again(context: Context) -> None:
    await roll_back(context)
    async with locked_run(context, 1, 1, None) as (work, run, _):
        assert [job.step for job in await jobs_to_undo(work, run)] == ["1.1"]
    await roll_back(context)
    assert len(await rollbacks(context)) == 1, "step 1.1 has nothing that undoes it"


async def test_without_a_runner_the_commands_are_handed_to_people(context: Context) -> None:
    context.runners = lambda rules: {}
    await roll_back(context)
    assert await rollbacks(context) == []
    async with context.database.reading() as conn:
        last = (await entries.read(conn, 1))[-1].entry
    assert last.key
    assert (
        "not rolled back automatically: the runner process is not set up. In this order: restart back-api" in last.text
    )


async def test_a_failed_step_rolls_back_what_ran_before_it(context: Context) -> None:
    await runs.skip(context, 1, 1, "1.3", MAYA, "not needed")
    verify = await queue_step(context, 1, 1, "1.4", MAYA)
    assert verify.job is not None
    await finish_job(context, verify.job, "exit code 7", succeeded=False)
    assert [(job.step, job.undoes is not None) for job in await rollbacks(context)] == [("1.2", True)]
