"""Hostile attempts to run programs in an incident: each is refused in words and recorded on the timeline."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.domain.access.identity import Identity, Membership
from bot.domain.errors import Refused
from bot.domain.incident import Change
from bot.domain.playbook.job import JobState
from bot.domain.playbook.run import ApprovalStatus, StepStatus
from bot.domain.timeline.entry import BOT
from bot.usecases.playbooks import approvals, job_queue, runs
from bot.usecases.playbooks.unit_of_work import load_run
from bot.usecases.unit_of_work import locked_incident
from storage import jobs, playbook_runs
from storage.schema import jobs as table
from tests.scenarios.running import World
from tests.scenarios.shop import (
    MAYA,
    TOM,
    Shop,
    approve_step,
    current_run,
    finished_job,
    playbook_texts,
    run_steps,
    running_playbook,
    until_waiting,
)

HOSTILE = """
id: mend
name: Mend it
category: availability
parameters:
  service: {description: Which, default: api}
phases:
  - title: Mend
    steps:
      - {title: A shell, commands: ["sh -c reboot"], automation: {runner: process}}
      - {title: Another path, commands: ["/tmp/look api"], automation: {runner: process}}
      - {title: A path upwards, commands: ["../bin/look api"], automation: {runner: process}}
      - {title: An option, commands: ["look --all"], automation: {runner: process}}
      - {title: One more argument, commands: ["look api -v"], automation: {runner: process}}
      - {title: Look-alikes, commands: ["l\u043eok api"], automation: {runner: process}}
      - {title: First well then evil, commands: ["look api", "look EVIL"], automation: {runner: process}}
      - {title: Metadata, automation: {runner: http, url: "http://169.254.169.254/latest"}}
      - {title: Any host, automation: {runner: http, url: "https://evil.example.com/{service}"}}
      - {title: A query, automation: {runner: promql, success: {promql: "up{job='{service}'}", over: 0}}}
      - {title: A long wait, automation: {runner: wait, wait: 20h}}
      - {title: Nothing to take back, commands: ["look api"], rollback: ["rm api"], automation: {runner: process}}
"""
STEPS = {
    "1.1": "sh is not a program that the policy allows",
    "1.2": "/tmp/look is not a program that the policy allows",
    "1.3": "../bin/look is not a program that the policy allows",
    "1.4": "argument 1, “--all”, must match",
    "1.5": "1 are allowed, but these are 2",
    "1.6": "l\u043eok is not a program that the policy allows",
    "1.7": "argument 1, “EVIL”, must match",
    "1.8": "the runner http is not set up",
    "1.9": "the runner http is not set up",
    "1.10": "the runner promql is not set up",
    "1.11": "It would wait 20h; the limit is 10m",
}


async def assert_refused(world: World, shop: Shop, step: str, words: str, by: str = MAYA, action: str = "run") -> None:
    """It is refused with these words, in the answer and on the timeline; nothing is queued, nothing runs."""
    before = list(shop.ran)
    async with world.tocsin.database.reading() as conn:
        known = len(await jobs.of_run(conn, 1, 1))
    asked = await job_queue.queue_step(world.tocsin.context, 1, 1, step, by, action)
    assert asked.job is None
    assert words in (asked.refused or "")
    entry = (await world.show())["timeline"][-1]
    assert (entry["kind"], entry["actor"]) == ("playbook", by)
    assert words in entry["text"]
    async with world.tocsin.database.reading() as conn:
        assert len(await jobs.of_run(conn, 1, 1)) == known
    assert shop.ran == before


async def test_forbidden_steps_are_refused_one_by_one(sqlite_url: str, shop: Shop) -> None:
    (shop.folder / "playbooks" / "mend.yml").write_text(HOSTILE)
    async with running_playbook(sqlite_url, shop, automation="    wait: {}\n") as (world, _):
        for step, words in STEPS.items():
            await assert_refused(world, shop, step, words)
        await run_steps(world, "1.12")
        await assert_refused(world, shop, "1.12", "rm is not a program that the policy allows", action="rollback")
        assert not [line for line in shop.ran if line.startswith("rm")]


HOSTILE_VALUES = [
    "api; reboot",
    "$(reboot)",
    "-rf",
    "--all",
    "../../etc",
    "a\nb",
    "a\x00b",
    "аpi",
    "a\u202eb",
    "x" * 9000,
]


@pytest.mark.parametrize("value", HOSTILE_VALUES, ids=[ascii(value)[:20] for value in HOSTILE_VALUES])
async def test_a_hostile_value_is_refused_wherever_it_comes_from(sqlite_url: str, shop: Shop, value: str) -> None:
    async with running_playbook(sqlite_url, shop) as (world, _):
        with pytest.raises(Refused, match="service must be"):
            await runs.fill(world.tocsin.context, 1, 1, {"service": value}, MAYA)
        assert "refused" in (await playbook_texts(world))[-1]
        async with world.tocsin.database.transaction() as conn:  # somebody wrote it into the database
            run = await playbook_runs.get(conn, 1, 1)
            assert run is not None
            await playbook_runs.save(conn, replace(run, values={"service": value}))
        await assert_refused(world, shop, "1.1", "service must be")


async def test_an_incident_cannot_inject_values(sqlite_url: str, shop: Shop) -> None:
    """Titles and services are said by anybody; neither is ever part of a command where it would mean more."""
    shop.playbook("{description: Which, default: api}", "{description: Which, required: true}")
    async with running_playbook(sqlite_url, shop) as (world, _):
        async with locked_incident(world.tocsin.context, 1) as work:
            evil = replace(work.incident, title="$(reboot)", services=("api; reboot",))
            await work.commit(Change(evil))
        await runs.abandon(world.tocsin.context, 1, 1, MAYA, "again")
        run = await runs.open_run(world.tocsin.context, 1, "mend", MAYA)
        assert run.values == {}
        asked = await job_queue.queue_step(world.tocsin.context, 1, 2, "1.1", MAYA)
        assert "service must be filled in first" in (asked.refused or "")
        assert shop.ran == []


async def test_a_step_with_approval_is_not_run_without_it(sqlite_url: str, shop: Shop) -> None:
    async with running_playbook(sqlite_url, shop) as (world, _):
        await run_steps(world, "1.1", "1.2")
        await assert_refused(world, shop, "1.3", "needs approval first")


async def test_the_requester_cannot_approve(sqlite_url: str, shop: Shop) -> None:
    async with running_playbook(sqlite_url, shop) as (world, _):
        context = world.tocsin.context
        await run_steps(world, "1.1", "1.2")
        run = await approvals.request_approval(context, 1, 1, "1.3", MAYA)
        request = run.step("1.3").asked
        assert request is not None
        with pytest.raises(Refused, match="somebody else has to give it"):
            await approvals.approve(context, 1, 1, "1.3", request.number, Identity(MAYA, Membership.MEMBER))
        async with context.database.transaction() as conn:  # somebody wrote it into the database
            mark = run.step("1.3")
            forged = replace(
                mark,
                state=StepStatus.APPROVED,
                asked=replace(request, answer=ApprovalStatus.APPROVED, answered_by=MAYA),
            )
            await playbook_runs.save(
                conn, replace(run, steps=tuple(forged if m.key == "1.3" else m for m in run.steps))
            )
        await assert_refused(world, shop, "1.3", "The person who asked for approval cannot give it")


async def test_exactly_what_was_approved_runs(sqlite_url: str, shop: Shop) -> None:
    async with running_playbook(sqlite_url, shop) as (world, _):
        context = world.tocsin.context
        await run_steps(world, "1.1", "1.2")
        await approve_step(world, "1.3")
        assert (await current_run(world)).step("1.3").asked.shown == ("scale api",)  # type: ignore[union-attr]
        await runs.fill(context, 1, 1, {"service": "other"}, MAYA)
        await assert_refused(world, shop, "1.3", "needs approval first")
        await approve_step(world, "1.3")
        async with context.database.transaction() as conn:  # past all that withdraws approvals
            run = await playbook_runs.get(conn, 1, 1)
            assert run is not None
            await playbook_runs.save(conn, replace(run, values={"service": "third"}))
        await assert_refused(world, shop, "1.3", "What was approved is not what would run now")


async def test_an_approval_to_run_does_not_cover_the_rollback(sqlite_url: str, shop: Shop) -> None:
    async with running_playbook(sqlite_url, shop) as (world, _):
        await run_steps(world, "1.1", "1.2")
        await approve_step(world, "1.3")
        await run_steps(world, "1.3")
        await assert_refused(world, shop, "1.3", "Step 1.3 needs approval first", action="rollback")


async def test_a_changed_playbook_does_not_change_an_open_run(sqlite_url: str, shop: Shop) -> None:
    async with running_playbook(sqlite_url, shop) as (world, _):
        shop.playbook("look {service}", "restart {service}")
        await world.restart()
        await run_steps(world, "1.1")
        assert shop.ran == ["look api"]


async def test_a_plan_other_than_the_shown_one_is_refused(sqlite_url: str, shop: Shop) -> None:
    async with running_playbook(sqlite_url, shop) as (world, _):
        asked = await job_queue.queue_step(world.tocsin.context, 1, 1, "1.1", MAYA, plan_digest="0" * 64)
        assert "not what you were shown" in (asked.refused or "")
        assert "not what you were shown" in (await playbook_texts(world))[-1]
        assert shop.ran == []


async def test_a_tightened_policy_applies_to_queued_jobs(sqlite_url: str, shop: Shop) -> None:
    """Between asking and running the operator took the program out."""
    async with running_playbook(sqlite_url, shop) as (world, _):
        context = world.tocsin.context
        await world.tocsin.job_runner.stop(8.0)
        await job_queue.queue_step(context, 1, 1, "1.1", MAYA)
        automation = context.policy.automation
        assert automation.process is not None
        tight = replace(automation, process=replace(automation.process, allow=automation.process.allow[1:]))
        context.policies.current = replace(context.policy, automation=tight)
        await world.tocsin.job_runner.start()
        job = await finished_job(world, "1.1")
        assert job.state is JobState.REFUSED
        assert "look is not a program that the policy allows" in (await playbook_texts(world))[-1]
        assert (await current_run(world)).step("1.1").state == "open"
        assert shop.ran == []


async def test_a_plan_changed_in_the_database_is_refused(sqlite_url: str, shop: Shop) -> None:
    async with running_playbook(sqlite_url, shop) as (world, _):
        await world.tocsin.job_runner.stop(8.0)
        asked = await job_queue.queue_step(world.tocsin.context, 1, 1, "1.1", MAYA)
        assert asked.job is not None
        async with world.tocsin.database.transaction() as conn:
            plan = asked.job.plan.as_json() | {"pieces": [["look", "evil"]]}
            await conn.execute(sa.update(table).where(table.c.id == asked.job.id).values(plan=plan))
        await world.tocsin.job_runner.start()
        assert (await finished_job(world, "1.1")).state is JobState.REFUSED
        assert "the stored plan is not the one that was queued" in (await playbook_texts(world))[-1]
        assert shop.ran == []


async def test_a_drill_runs_nothing(sqlite_url: str, shop: Shop) -> None:
    async with running_playbook(sqlite_url, shop) as (world, _):
        async with locked_incident(world.tocsin.context, 1) as work:
            await work.commit(Change(replace(work.incident, drill=True)))
        await assert_refused(world, shop, "1.1", "this is a drill, and a drill runs nothing")


async def test_the_bot_runs_nothing_that_the_matrix_does_not_allow(sqlite_url: str, shop: Shop) -> None:
    async with running_playbook(sqlite_url, shop) as (world, _):
        await assert_refused(world, shop, "1.1", "no row of the matrix matches", by=BOT)


async def test_the_matrix_cannot_lift_a_required_approval(sqlite_url: str, shop: Shop) -> None:
    matrix = "  matrix:\n    all: {decision: auto}\n"
    shop.playbook("confidence: 0.9", "confidence: 0")
    async with running_playbook(sqlite_url, shop, automation=matrix) as (world, _):
        async with locked_incident(world.tocsin.context, 1) as work:
            await work.commit(Change(replace(work.incident, facts={"confidence": 1.0})))
        await until_waiting(world, "1.3")
        assert shop.ran == ["look api", "restart api"]
        await assert_refused(world, shop, "1.3", "needs approval first", by=BOT)


async def test_a_double_press_runs_once(sqlite_url: str, shop: Shop) -> None:
    shop.program("look", "sleep 1")
    async with running_playbook(sqlite_url, shop) as (world, _):
        await job_queue.queue_step(world.tocsin.context, 1, 1, "1.1", MAYA)
        with pytest.raises(Refused, match="running"):
            await job_queue.queue_step(world.tocsin.context, 1, 1, "1.1", TOM)
        await finished_job(world, "1.1")
        assert shop.ran == ["look api"]


async def test_a_tampered_form_runs_nothing(sqlite_url: str, shop: Shop, tmp_path: Path) -> None:
    """What a form says it is about is not believed: not the step's commands, only which step."""
    async with running_playbook(sqlite_url, shop) as (world, _):
        async with locked_incident(world.tocsin.context, 1) as work:
            run, _ = await load_run(work.conn, 1, 1)
        for step in ("9.9", "", "1.1; reboot", "1.1\x00"):
            with pytest.raises(Refused):
                await job_queue.queue_step(world.tocsin.context, 1, run.number, step, MAYA)
        with pytest.raises(Refused):
            await job_queue.queue_step(world.tocsin.context, 1, 99, "1.1", MAYA)
        assert shop.ran == []


async def test_secrets_reach_neither_slack_timeline_nor_database(
    sqlite_url: str, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPS_TOKEN", "s3cr3t-of-the-shop")
    policy = shop.policy()
    policy.write_text(policy.read_text().replace("timeout: 10s", "timeout: 10s, environment_from: [OPS_TOKEN]"))
    shop.policy = lambda **_: policy  # type: ignore[method-assign]
    shop.program("look", 'echo "$OPS_TOKEN"; printf %s "$OPS_TOKEN" | base64; exit 3')
    async with running_playbook(sqlite_url, shop) as (world, _):
        await job_queue.queue_step(world.tocsin.context, 1, 1, "1.1", MAYA)
        job = await finished_job(world, "1.1")
        await world.delivered()
        assert "•••" in job.output
        everywhere = f"{job} {await world.show()} {world.ws.state.logs}"
        assert "s3cr3t" not in everywhere
        assert "czNjcjN0" not in everywhere


async def test_a_secret_cut_by_the_output_limit_is_not_shown(
    sqlite_url: str, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPS_TOKEN", "s3cr3t-of-the-shop")
    policy = shop.policy()
    bounds = "timeout: 10s, output_limit: 1k, environment_from: [OPS_TOKEN]"
    policy.write_text(policy.read_text().replace("timeout: 10s", bounds))
    shop.policy = lambda **_: policy  # type: ignore[method-assign]
    shop.program("look", "printf '%01010d ' 7; echo \"$OPS_TOKEN\"; sleep 5")
    async with running_playbook(sqlite_url, shop) as (world, _):
        await job_queue.queue_step(world.tocsin.context, 1, 1, "1.1", MAYA)
        job = await finished_job(world, "1.1")
        await world.delivered()
        assert job.output == "0" * 1009 + "7 …"
        blocks = [m.blocks for c in world.ws.state.channels for m in world.ws.bot_messages(c)]
        assert "0007 …" in str(blocks)
        assert "s3cr3t" not in f"{job} {await world.show()} {blocks} {world.ws.state.logs}"
