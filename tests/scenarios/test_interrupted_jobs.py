"""Jobs that are interrupted, by a stop, by kill -9 and between replicas."""

from __future__ import annotations

from dataclasses import replace

import pytest

import sandbox
from bot.domain.playbook.job import Action, JobState
from bot.usecases.incidents.resolve import resolve
from bot.usecases.playbooks import job_queue, runs
from bot.usecases.playbooks.dry_run import make_plan
from bot.usecases.playbooks.unit_of_work import load_run
from bot.usecases.unit_of_work import locked_incident
from bot.workers.job_runner import JobRunner
from bot.workers.timer import Timer
from storage import jobs, playbook_runs
from storage.open import open_database
from storage.timeline import entries as timeline
from tests.databases import PostgreSQL
from tests.scenarios import processes
from tests.scenarios.running import MANIFEST
from tests.scenarios.shop import (
    MAYA,
    Shop,
    context_on,
    current_run,
    finished_job,
    has_ended,
    question,
    question_text,
    run_message,
    running_playbook,
    state_is,
    until,
    until_ran,
)
from tests.scenarios.test_watching import metrics as counted
from tests.waiting import WITHIN_S


async def test_stopping_the_bot_kills_the_program_which_may_have_run(sqlite_url: str, shop: Shop) -> None:
    shop.program("look", "sleep 60; echo never")
    async with running_playbook(sqlite_url, shop) as (world, _):
        await job_queue.queue_step(world.tocsin.context, 1, 1, "1.1", MAYA)
        await until_ran(shop, 1)
        await world.restart()
        job = await finished_job(world, "1.1")
        assert job.state is JobState.MAY_HAVE_RUN
        assert (await current_run(world)).step("1.1").state == "may_have_run"
        assert shop.ran == ["look api"]


async def test_an_interrupted_step_is_run_again_only_by_a_person(sqlite_url: str, shop: Shop) -> None:
    shop.program("look", f"test $(wc -l < {shop.log}) -ge 2 || sleep 60")
    async with running_playbook(sqlite_url, shop) as (world, _):
        await job_queue.queue_step(world.tocsin.context, 1, 1, "1.1", MAYA)
        await until_ran(shop, 1)
        await world.restart()
        assert (await finished_job(world, "1.1")).state is JobState.MAY_HAVE_RUN
        await world.delivered()
        message = question(world.ws)
        assert message is not None
        await world.ws.person("maya").press(message, "Run again")
        assert "look api" in str(world.ws.person("maya").view.body)
        assert shop.ran == ["look api"]
        assert (await world.ws.person("maya").submit()).ok
        assert (await finished_job(world, "1.1")).state is JobState.DONE
        assert shop.ran == ["look api", "look api"]
        await world.delivered()
        assert question(world.ws) is None
        assert any("runs it again" in text for text in question_text(world.ws))


@pytest.mark.parametrize(("pressed", "said"), [("Done", "it is done"), ("Skip", "it is skipped")])
async def test_settling_the_step_closes_the_question(sqlite_url: str, shop: Shop, pressed: str, said: str) -> None:
    shop.program("look", "sleep 60")
    async with running_playbook(sqlite_url, shop) as (world, _):
        channel = await world.incident_channel()
        await job_queue.queue_step(world.tocsin.context, 1, 1, "1.1", MAYA)
        await until_ran(shop, 1)
        await world.restart()
        assert (await finished_job(world, "1.1")).state is JobState.MAY_HAVE_RUN
        await world.delivered()
        maya = world.ws.person("maya")
        await maya.press(run_message(world, channel.id), pressed)
        if pressed == "Skip":
            await maya.fill(maya.view, {"Why?": "I looked myself"})
            assert (await maya.submit()).ok
        await world.delivered()
        assert question(world.ws) is None
        assert any(f"says: {said}." in text for text in question_text(world.ws))
        assert (await finished_job(world, "1.1")).state is JobState.SETTLED
        assert "tocsin_jobs{" not in str(await counted(world))


async def test_a_step_interrupted_by_kill_9_is_not_repeated(database_url: str, shop: Shop) -> None:
    """kill -9 of the bot: the program dies with it, the step may have run, and somebody says how it stands."""
    pid = shop.folder / "pid"
    shop.program("restart", f"echo $$ > {pid}; echo begun >> {shop.log}; sleep 60; echo end >> {shop.log}")
    policy = shop.policy()
    async with sandbox.running(manifest=MANIFEST, retry_delays_s=(0.05, 0.3, 1.0)) as ws:
        settings = {
            "slack_bot_token": ws.settings.bot_token, "slack_signing_secret": ws.settings.signing_secret,
            "slack_api_url": ws.api_url, "database_url": database_url, "tocsin_policy": str(policy), "port": 0,
            "tocsin_playbooks": str(shop.folder / "playbooks"),
        }  # fmt: skip
        bot = await processes.start(settings)
        ws.request_url = f"http://127.0.0.1:{bot.port}/slack/events"
        await ws.person("maya").command("#general", "/incident declare sev2 Checkout is down")
        await ws.until(lambda: ws.find_channel("inc-1") and ws.pinned(ws.find_channel("inc-1").id))  # type: ignore[union-attr]
        database = await open_database(database_url, migrate=False)
        context = context_on(database, policy, shop)
        try:
            await runs.open_run(context, 1, "mend", MAYA)
            await runs.skip(context, 1, 1, "1.1", MAYA, "no need")
            await job_queue.queue_step(context, 1, 1, "1.2", MAYA)
            await until_ran(shop, 2)
            await bot.kill()
            await until(lambda: has_ended(int(pid.read_text())))
            bot = await processes.start(settings)
            ws.request_url = f"http://127.0.0.1:{bot.port}/slack/events"
            await until(lambda: state_is(database, JobState.MAY_HAVE_RUN))
            await ws.until(lambda: question(ws) is not None, timeout_s=WITHIN_S)
            assert shop.ran == ["restart api", "begun"]  # the program died with the bot, and nobody ran it again
            message = question(ws)
            assert message is not None
            assert "It is not run again automatically" in message.text
            await ws.person("maya").press(message, "It ran")
            await ws.until(lambda: "says: it ran" in str(question_text(ws)), timeout_s=WITHIN_S)
            async with database.reading() as conn:
                run = await playbook_runs.get(conn, 1, 1)
                entries = [r.entry.text for r in await timeline.read(conn, 1) if r.entry.kind == "playbook"]
            assert run is not None
            assert run.step("1.2").state == "done"
            assert any("may have run: the bot ended in the middle, at `restart api`" in text for text in entries)
        finally:
            await database.close()
            await bot.kill()


async def test_metrics_count_jobs_runs_and_steps(sqlite_url: str, shop: Shop) -> None:
    shop.program("restart", "exit 3")
    shop.program("look", "sleep 60")
    async with running_playbook(sqlite_url, shop) as (world, _):
        await job_queue.queue_step(world.tocsin.context, 1, 1, "1.2", MAYA)
        assert (await finished_job(world, "1.2")).outcome == "exit code 3"
        assert (await finished_job(world, "1.2", "rollback")).state is JobState.FAILED
        await job_queue.queue_step(world.tocsin.context, 1, 1, "1.1", MAYA)
        await until_ran(shop, 3)
        values = await counted(world)
        assert values['tocsin_jobs{runner="process",state="running"}'] == 1
        assert values['tocsin_jobs_ended_total{result="failed",runner="process"}'] == 2
        assert values['tocsin_walks{kind="playbook"}'] == 1
        steps = {key: values[f'tocsin_walk_steps{{state="{key}"}}'] for key in ("open", "running", "failed")}
        assert steps == {"open": 2, "running": 1, "failed": 1}
        await world.restart()
        assert (await finished_job(world, "1.1")).state is JobState.MAY_HAVE_RUN
        values = await counted(world)
        assert values['tocsin_jobs{runner="process",state="may_have_run"}'] == 1
        assert values['tocsin_walk_steps{state="may_have_run"}'] == 1
        await resolve(world.tocsin.context, 1, MAYA, summary="Restarted it by hand")

        async def none_left() -> bool:  # what was counted a moment ago may be shown for a while
            return not [name for name in await counted(world) if name.startswith(("tocsin_jobs{", "tocsin_walk"))]

        await until(none_left)


async def test_two_replicas_never_run_a_job_twice(postgresql: PostgreSQL, shop: Shop) -> None:
    url = postgresql.create()
    async with running_playbook(url, shop) as (world, _):
        others = [await open_database(url, migrate=False) for _ in range(2)]
        timer = Timer()
        await timer.start()
        loops = [JobRunner(context_on(database, shop.policy(), shop)) for database in others]
        try:
            for number in range(2, 14):
                await runs.abandon(world.tocsin.context, 1, number - 1, MAYA, "once more")
                await runs.open_run(world.tocsin.context, 1, "mend", MAYA)
            for loop in loops:
                await loop.start()
                timer.add(replace(loop.periodic, name=f"poll {id(loop)}"))
            # Each is asked for in a walk of its own that is stopped already, so that all wait at once.
            async with locked_incident(world.tocsin.context, 1) as work:
                for number in range(1, 14):
                    _, playbook = await load_run(work.conn, 1, number)
                    plan = make_plan(
                        world.tocsin.context.runners(world.tocsin.context.policy.automation),
                        playbook.steps[0],
                        {"service": "x" + "abcdefghijklm"[number - 1]},
                        Action.RUN,
                    )
                    job = jobs.NewJob(1, number, "1.1", "Look", plan, asked_by=MAYA, approved_by=None)
                    await jobs.add(work.conn, job, work.now)
            await until_ran(shop, 13)
        finally:
            await timer.stop(1.0)
            for loop in loops:
                await loop.stop(8.0)
            for database in others:
                await database.close()
        await world.tocsin.job_runner.stop(8.0)
        assert sorted(shop.ran) == [f"look x{letter}" for letter in "abcdefghijklm"]  # and nothing runs any more
    postgresql.give_back(url)
