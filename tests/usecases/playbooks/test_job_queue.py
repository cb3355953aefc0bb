"""A step is queued only as policy and approvals permit, as it was shown, and once; each refusal is on the timeline."""

from __future__ import annotations

import pytest

from bot.domain.access.identity import Identity, Membership
from bot.domain.errors import Refused
from bot.domain.playbook.job import JobState
from bot.domain.playbook.run import StepAlreadySettled, StepStatus
from bot.usecases.context import Context
from bot.usecases.playbooks import approvals, runs
from bot.usecases.playbooks.job_queue import queue_step
from bot.usecases.unit_of_work import DuplicateDelivery
from storage import jobs
from storage.timeline import entries
from tests.scenarios.shop import MAYA, TOM, Shop
from tests.usecases.conftest import MakeContext
from tests.usecases.playbooks.automation import running


@pytest.fixture
async def context(make_context: MakeContext, shop: Shop) -> Context:
    return await running(make_context, shop)


async def texts(context: Context) -> list[str]:
    async with context.database.reading() as conn:
        return [record.entry.text for record in await entries.read(conn, 1) if record.entry.kind == "playbook"]


async def test_a_queued_step_is_a_job_with_the_very_command_and_the_timeline_says_it(context: Context) -> None:
    result = await queue_step(context, 1, 1, "1.1", MAYA)
    assert result.job is not None
    assert (result.job.state, result.job.asked_by, result.job.step) == (JobState.QUEUED, MAYA, "1.1")
    assert result.run.step("1.1").state is StepStatus.RUNNING
    assert result.job.plan.invocations[0].args[-1] == "api"
    assert "look api" in (await texts(context))[-1]
    async with context.database.reading() as conn:
        assert [job.id for job in await jobs.of_run(conn, 1, 1)] == [result.job.id]


async def test_a_step_that_runs_is_not_queued_again(context: Context) -> None:
    await queue_step(context, 1, 1, "1.1", MAYA, delivery="press:1")
    with pytest.raises(DuplicateDelivery):
        await queue_step(context, 1, 1, "1.1", MAYA, delivery="press:1")
    with pytest.raises(StepAlreadySettled):
        await queue_step(context, 1, 1, "1.1", TOM, delivery="press:2")


async def test_what_would_run_now_must_be_what_was_shown(context: Context) -> None:
    result = await queue_step(context, 1, 1, "1.1", MAYA, plan_digest="of another plan")
    assert result.job is None
    assert result.refused == "What would run now is not what you were shown. Press Run again and look."
    assert "not run. What would run now is not what you were shown" in (await texts(context))[-1]


async def test_a_step_that_needs_approval_runs_only_with_another_persons(context: Context) -> None:
    for step in ("1.1", "1.2"):
        await runs.complete(context, 1, 1, step, MAYA)
    assert (await queue_step(context, 1, 1, "1.3", MAYA)).refused == "Step 1.3 needs approval first."
    await approvals.request_approval(context, 1, 1, "1.3", MAYA)
    await approvals.approve(context, 1, 1, "1.3", 1, Identity(TOM, Membership.MEMBER))
    result = await queue_step(context, 1, 1, "1.3", MAYA)
    assert result.job is not None
    assert result.job.approved_by == TOM


async def test_a_drill_runs_nothing(make_context: MakeContext, shop: Shop) -> None:
    context = await running(make_context, shop, drill=True)
    result = await queue_step(context, 1, 1, "1.1", MAYA)
    assert result.job is None
    assert result.refused is not None
    assert "drill" in result.refused


async def test_a_rollback_needs_a_step_that_was_done(context: Context) -> None:
    result = await queue_step(context, 1, 1, "1.2", MAYA, "rollback")
    assert result.job is None
    assert result.refused


async def test_only_whom_the_policy_names_runs_steps(make_context: MakeContext, shop: Shop) -> None:
    context = await running(make_context, shop, more="permissions: {run: ['user:U0TOM00000']}\n")
    with pytest.raises(Refused, match="run steps of playbooks"):
        await queue_step(context, 1, 1, "1.1", MAYA)
    assert (await queue_step(context, 1, 1, "1.1", TOM)).job is not None
