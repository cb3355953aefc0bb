"""Steps of playbooks that really run: programs of this machine, asked for in Slack's workspace."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import sandbox
from bot import policy as policy_reader
from bot.clock import Clock
from bot.domain.access.identity import Identity, Membership
from bot.domain.incident import Change
from bot.domain.playbook.job import Action, JobState
from bot.domain.timeline.entry import BOT
from bot.playbook_runners import RunnerFactory
from bot.settings import Settings
from bot.usecases.context import Context, Policies
from bot.usecases.incidents import declare as declaring
from bot.usecases.incidents import update as moving
from bot.usecases.incidents.declare import Declaration
from bot.usecases.playbooks import approvals as approving
from bot.usecases.playbooks import confidence, job_queue
from bot.usecases.playbooks import runs as playing
from bot.usecases.playbooks.dry_run import make_plan
from bot.usecases.playbooks.unit_of_work import load_run
from bot.usecases.unit_of_work import locked_incident
from bot.workers.job_runner import JobRunner
from bot.workers.timer import Timer
from playbooks.library_cache import LibraryCache
from sandbox import Message
from storage import jobs, playbook_runs
from storage.database import Database
from storage.open import open_database
from storage.timeline import entries as timeline
from tests.databases import PostgreSQL
from tests.scenarios import processes
from tests.scenarios.running import MANIFEST, World
from tests.scenarios.shop import (
    MAYA,
    TOM,
    Shop,
    approved,
    done_through,
    over,
    said,
    texts,
    until,
    until_ran,
    until_waiting,
    walk_of,
    walking,
)
from tests.scenarios.test_watching import metrics as counted


async def test_a_step_is_run_and_what_it_printed_stands_in_the_thread(sqlite_url: str, shop: Shop) -> None:
    shop.program("look", "echo all is well; echo token=s3cr3t-of-the-shop; pwd; env | sort")
    async with walking(sqlite_url, shop) as (here, _):
        await done_through(here, "1.1")
        assert shop.ran == ["look api"]
        assert (await walk_of(here)).step("1.1").state == "succeeded"
        assert [text for text in await said(here) if "1.1" in text] == [
            "Mend it, 1.1 Look: runs: look api",
            "Mend it, 1.1 Look: run succeeded: exit code 0",
        ]
        await here.delivered()
        channel = here.ws.find_channel("inc-1")
        assert channel is not None
        message = next(m for m in here.ws.bot_messages(channel.id) if "1.1 Look* worked" in m.text)
        shown = str(message.blocks)
        assert message.thread_ts == walk_message(here, channel.id).ts
        assert "all is well" in shown
        assert "token=•••" in shown
        assert "s3cr3t" not in shown
        assert f"{shop.folder}\\n" in shown
        assert "HOME=/nonexistent" in shown
        assert "TOCSIN" not in shown


def walk_message(here: World, channel: str) -> Message:
    return next(m for m in here.ws.bot_messages(channel) if set("▱▰") & set(str(m.blocks)))


async def test_run_is_pressed_shown_and_confirmed(sqlite_url: str, shop: Shop) -> None:
    async with walking(sqlite_url, shop) as (here, _):
        await here.delivered()
        channel = here.ws.find_channel("inc-1")
        assert channel is not None
        await here.ws.person("maya").press(walk_message(here, channel.id), "Run")
        view = here.ws.person("maya").view
        assert "look api" in str(view.body)
        assert "exit code 0" in str(view.body)
        assert shop.ran == []  # nothing has happened yet
        assert (await here.ws.person("maya").submit()).ok
        assert (await over(here, "1.1")).state is JobState.DONE
        assert shop.ran == ["look api"]


async def test_approved_in_slack_then_run_and_rolled_back(sqlite_url: str, shop: Shop) -> None:
    """Maya asks, Tom approves exactly those lines, Maya runs them, and takes them back with approval again."""
    async with walking(sqlite_url, shop) as (here, _):
        maya, tom = here.ws.person("maya"), here.ws.person("tom")
        await done_through(here, "1.1", "1.2")
        await here.delivered()
        channel = here.ws.find_channel("inc-1")
        assert channel is not None
        await maya.command(channel.name, "/incident invite @tom")
        await here.delivered()
        await maya.press(walk_message(here, channel.id), "Ask for approval")
        await here.delivered()
        asked = next(m for m in here.ws.bot_messages(channel.id) if "walk_approve" in str(m.blocks))
        assert "scale api" in str(asked.blocks)
        await tom.press(asked, "Approve")
        await here.delivered()
        await maya.press(walk_message(here, channel.id), "Run")
        assert "scale back-api" in str(maya.view.body)  # what takes it back is shown before
        assert (await maya.submit()).ok
        assert (await over(here, "1.3")).approved_by == TOM
        assert shop.ran == ["look api", "restart api", "scale api"]
        asked_again = await job_queue.queue_step(here.tocsin.context, 1, 1, "1.3", MAYA, "rollback")
        assert "needs approval first" in (asked_again.refused or "")
        await approved(here, "1.3", "rollback")
        assert (await job_queue.queue_step(here.tocsin.context, 1, 1, "1.3", MAYA, "rollback")).refused is None
        assert (await over(here, "1.3", "rollback")).state is JobState.DONE
        assert (await walk_of(here)).step("1.3").state == "rolled_back"
        assert shop.ran[-1] == "scale back-api"


async def test_why_a_step_cannot_be_run_is_said_dryly(sqlite_url: str, shop: Shop) -> None:
    shop.playbook("look {service}", "peek {service}")
    async with walking(sqlite_url, shop) as (here, _):
        await here.delivered()
        channel = here.ws.find_channel("inc-1")
        assert channel is not None
        await here.ws.person("maya").press(walk_message(here, channel.id), "walk_more", "Why can I not run it?")
        await here.delivered()
        words = "Does not run: peek is not a program that the policy allows"
        assert words in str(here.ws.person("maya").ephemerals())
        assert shop.ran == []


async def test_a_failure_takes_back_what_was_run_last_first_and_pages(sqlite_url: str, shop: Shop) -> None:
    shop.program("verify", "echo still broken; exit 7")
    triggers = 'triggers:\n  remedy: {when: auto_remediation_failed, notify: ["user:U0PRIYA000"], by: [slack]}\n'
    async with walking(sqlite_url, shop, more=triggers) as (here, _):
        await done_through(here, "1.1", "1.2")
        await approved(here, "1.3")
        await done_through(here, "1.3")
        await job_queue.queue_step(here.tocsin.context, 1, 1, "1.4", MAYA)
        assert (await over(here, "1.4")).outcome == "exit code 7"
        assert (await over(here, "1.2", "rollback")).state is JobState.DONE
        assert shop.ran == [
            "look api", "restart api", "scale api", "verify api", "scale back-api", "restart back-api",
        ]  # fmt: skip
        walk = await walk_of(here)
        assert [walk.step(step).state for step in ("1.1", "1.2", "1.3", "1.4")] == [
            "succeeded", "rolled_back", "rolled_back", "failed",
        ]  # fmt: skip
        await here.pass_time(minutes=1)
        assert any("paged" in text for text in texts(here))
        page = [one["text"] for one in (await here.show())["timeline"] if one["kind"] == "page"]
        assert any("remedy" in text for text in page), page


async def test_what_was_approved_and_taken_back_is_asked_for_again_and_runs(sqlite_url: str, shop: Shop) -> None:
    """Neither the approval of what failed nor that of what was taken back is good for another time."""
    shop.program("scale", f'case "$1" in back-*) exit 0;; esac; test -e {shop.folder}/room')
    async with walking(sqlite_url, shop) as (here, _):
        maya, tom = here.ws.person("maya"), here.ws.person("tom")
        channel = await here.opened()
        await maya.command(channel.name, "/incident invite @tom")
        await done_through(here, "1.1", "1.2")
        await approved(here, "1.3")
        await job_queue.queue_step(here.tocsin.context, 1, 1, "1.3", MAYA)
        assert (await over(here, "1.2", "rollback")).state is JobState.DONE
        await done_through(here, "1.2")
        await here.delivered()
        message = walk_message(here, channel.id)
        assert "Rolled back by" in str(message.blocks)
        assert "Failed: exit code 1" in str(message.blocks)
        assert offered(message) == ["Ask for approval", "Skip", "Run", "Assign"]
        asked = await job_queue.queue_step(here.tocsin.context, 1, 1, "1.3", MAYA)
        assert asked.refused == "Step 1.3 needs approval first."
        (shop.folder / "room").touch()
        await maya.press(message, "Ask for approval")
        await here.delivered()
        request = next(m for m in here.ws.bot_messages(channel.id) if "walk_approve" in str(m.blocks))
        assert "scale api" in str(request.blocks)
        await tom.press(request, "Approve")
        await here.delivered()
        message = walk_message(here, channel.id)
        assert offered(message) == ["Done", "Skip", "Run", "Roll back", "Assign"]
        await maya.press(message, "Run")
        assert (await maya.submit()).ok
        job = await over(here, "1.3")
        assert (job.state, job.approved_by) == (JobState.DONE, TOM)
        assert shop.ran[-3:] == ["restart back-api", "restart api", "scale api"]


async def test_a_rollback_that_was_approved_offers_nothing_that_goes_on(sqlite_url: str, shop: Shop) -> None:
    async with walking(sqlite_url, shop) as (here, _):
        channel = await here.opened()
        await done_through(here, "1.1", "1.2")
        await approved(here, "1.3")
        await done_through(here, "1.3")
        await approved(here, "1.3", "rollback")
        await here.delivered()
        assert offered(walk_message(here, channel.id)) == ["Skip", "Roll back", "Assign"]


def offered(message: Message) -> list[str]:
    """The buttons of the step whose turn it is."""
    step = next(one for one in message.blocks or [] if str(one.get("block_id", "")).startswith("step:"))
    return [one["text"]["text"] for one in step["elements"] if one["type"] == "button"]


async def test_what_cannot_be_taken_back_by_itself_is_left_to_people(sqlite_url: str, shop: Shop) -> None:
    shop.program("restart", 'case "$1" in back-*) exit 9;; esac')
    shop.program("verify", "exit 1")
    async with walking(sqlite_url, shop) as (here, _):
        await done_through(here, "1.1", "1.2")
        await approved(here, "1.3")
        await done_through(here, "1.3")
        await job_queue.queue_step(here.tocsin.context, 1, 1, "1.4", MAYA)
        assert (await over(here, "1.2", "rollback")).state is JobState.FAILED
        left = [text for text in await said(here) if "In this order" in text]
        assert len(left) == 1
        assert left[0].endswith("In this order: restart back-api")
        await here.delivered()
        assert any("Not rolled back automatically" in text for text in texts(here))


async def test_asked_for_nothing_is_taken_back_by_itself(sqlite_url: str, shop: Shop) -> None:
    shop.program("verify", "exit 1")
    async with walking(sqlite_url, shop, automation="  on_failure: ask\n") as (here, _):
        await done_through(here, "1.1", "1.2")
        await approved(here, "1.3")
        await done_through(here, "1.3")
        await job_queue.queue_step(here.tocsin.context, 1, 1, "1.4", MAYA)
        await over(here, "1.4")
        assert "back-api" not in " ".join(shop.ran)
        assert any(text.endswith("scale back-api; restart back-api") for text in await said(here))


async def test_what_takes_too_long_is_killed_with_all_that_it_started(sqlite_url: str, shop: Shop) -> None:
    shop.program("look", f"(setsid sh -c 'sleep 4; echo late >> {shop.log}' >/dev/null 2>&1 &)\nsleep 60")
    async with walking(sqlite_url, shop, timeout="1s") as (here, _):
        await job_queue.queue_step(here.tocsin.context, 1, 1, "1.1", MAYA)
        job = await over(here, "1.1")
        assert job.outcome == "It was killed after 1 seconds, with all it had started."
        assert (await walk_of(here)).step("1.1").state == "timed_out"
        await asyncio.sleep(4)
        assert shop.ran == ["look api"]


async def test_it_is_tried_again_as_often_as_the_playbook_says(sqlite_url: str, shop: Shop) -> None:
    shop.playbook("{runner: process}", "{runner: process, retries: 2, retry_every: 1s}")
    shop.program("look", f"test $(wc -l < {shop.log}) -ge 3")
    async with walking(sqlite_url, shop) as (here, _):
        await job_queue.queue_step(here.tocsin.context, 1, 1, "1.1", MAYA)
        job = await over(here, "1.1")
        assert (job.state, job.attempts) == (JobState.DONE, 3)
        assert sum("failed (exit code 1); again in 1s" in text for text in await said(here)) == 2


async def test_while_the_door_is_shut_nothing_is_run_and_that_is_said(sqlite_url: str, shop: Shop) -> None:
    policy = shop.policy()
    policy.write_text(policy.read_text().replace("enabled: true", "enabled: false"))
    shop.policy = lambda **_: policy  # type: ignore[method-assign]
    async with walking(sqlite_url, shop) as (here, _):
        asked = await job_queue.queue_step(here.tocsin.context, 1, 1, "1.1", MAYA)
        assert asked.refused == "Does not run: automation is off (`automation.enabled` in the policy)."
        assert (await said(here))[-1] == f"Mend it, 1.1 Look: not run. {asked.refused}"
        await here.delivered()
        channel = here.ws.find_channel("inc-1")
        assert channel is not None
        assert '"Run"' not in str(walk_message(here, channel.id).blocks)
        assert shop.ran == []


async def test_the_matrix_lets_steps_run_by_themselves(sqlite_url: str, shop: Shop) -> None:
    """Looking is free, restarting wants confidence, scaling wants approval of what the bot asks for by itself."""
    matrix = "  matrix:\n    mend: {playbooks: [mend], blast_radius: ['services <= 1'], decision: auto}\n"
    async with walking(sqlite_url, shop, automation=matrix) as (here, _):
        assert (await over(here, "1.1")).asked_by == BOT
        await asyncio.sleep(1.5)
        assert shop.ran == ["look api"]  # nobody has stated the confidence, and 0.9 is needed
        async with locked_incident(here.tocsin.context, 1) as work:
            surer = replace(work.incident, facts={"confidence": 0.95})
            await work.commit(Change(surer))
        here.tocsin.job_runner._seen.clear()
        assert (await over(here, "1.2")).state is JobState.DONE
        await until_waiting(here, "1.3")
        asked = (await walk_of(here)).step("1.3").asked
        assert asked is not None
        assert (asked.by, asked.shown) == (BOT, ("scale api",))
        assert shop.ran == ["look api", "restart api"]
        await approving.approve(here.tocsin.context, 1, 1, "1.3", asked.number, Identity(TOM, Membership.MEMBER))
        assert (await over(here, "1.3")).approved_by == TOM
        assert (await over(here, "1.4")).state is JobState.DONE
        assert shop.ran == ["look api", "restart api", "scale api", "verify api"]


async def test_what_goes_on_in_a_resolved_incident_holds_up_nothing_elsewhere(sqlite_url: str, shop: Shop) -> None:
    """There the bot asks for no approval, and what waits in other incidents is run."""
    matrix = "  matrix:\n    mend: {actions: [scale_up], decision: approve}\n"
    async with walking(sqlite_url, shop, automation=matrix) as (here, _):
        context = here.tocsin.context
        await playing.skip(context, 1, 1, "1.1", MAYA, "no need")
        await moving.resolve(context, 1, MAYA, summary="It came back")
        await playing.skip(context, 1, 1, "1.2", MAYA, "no need")
        await asyncio.sleep(1.5)
        assert (await walk_of(here)).step("1.3").asked is None
        await declaring.declare(context, Declaration("Search is down", "sev2", MAYA))
        await playing.open_run(context, 2, "mend", MAYA)
        await job_queue.queue_step(context, 2, 1, "1.1", MAYA)
        await until_ran(shop, 1)
        await moving.reopen(context, 1, MAYA, "It is back")
        await until_waiting(here, "1.3")


async def test_stopping_the_bot_kills_what_runs_and_says_that_it_may_have_run(sqlite_url: str, shop: Shop) -> None:
    shop.program("look", "sleep 60; echo never")
    async with walking(sqlite_url, shop) as (here, _):
        await job_queue.queue_step(here.tocsin.context, 1, 1, "1.1", MAYA)
        await until_ran(shop, 1)
        await here.restarted()
        job = await over(here, "1.1")
        assert job.state is JobState.MAY_HAVE_RUN
        assert (await walk_of(here)).step("1.1").state == "may_have_run"
        assert shop.ran == ["look api"]


async def test_what_may_have_run_is_run_again_only_by_a_person(sqlite_url: str, shop: Shop) -> None:
    shop.program("look", f"test $(wc -l < {shop.log}) -ge 2 || sleep 60")
    async with walking(sqlite_url, shop) as (here, _):
        await job_queue.queue_step(here.tocsin.context, 1, 1, "1.1", MAYA)
        await until_ran(shop, 1)
        await here.restarted()
        assert (await over(here, "1.1")).state is JobState.MAY_HAVE_RUN
        await here.delivered()
        message = question(here.ws)
        assert message is not None
        await here.ws.person("maya").press(message, "Run again")
        assert "look api" in str(here.ws.person("maya").view.body)
        assert shop.ran == ["look api"]
        assert (await here.ws.person("maya").submit()).ok
        assert (await over(here, "1.1")).state is JobState.DONE
        assert shop.ran == ["look api", "look api"]
        await here.delivered()
        assert question(here.ws) is None
        assert any("runs it again" in text for text in question_text(here.ws))


@pytest.mark.parametrize(("pressed", "said"), [("Done", "it is done"), ("Skip", "it is skipped")])
async def test_what_may_have_run_is_asked_about_no_more_once_the_step_is_settled(
    sqlite_url: str, shop: Shop, pressed: str, said: str
) -> None:
    shop.program("look", "sleep 60")
    async with walking(sqlite_url, shop) as (here, _):
        channel = await here.opened()
        await job_queue.queue_step(here.tocsin.context, 1, 1, "1.1", MAYA)
        await until_ran(shop, 1)
        await here.restarted()
        assert (await over(here, "1.1")).state is JobState.MAY_HAVE_RUN
        await here.delivered()
        maya = here.ws.person("maya")
        await maya.press(walk_message(here, channel.id), pressed)
        if pressed == "Skip":
            await maya.fill(maya.view, {"Why?": "I looked myself"})
            assert (await maya.submit()).ok
        await here.delivered()
        assert question(here.ws) is None
        assert any(f"says: {said}." in text for text in question_text(here.ws))
        assert (await over(here, "1.1")).state is JobState.SETTLED
        assert "tocsin_jobs{" not in str(await counted(here))


async def test_killed_in_the_middle_it_is_never_run_twice_and_a_person_decides(database_url: str, shop: Shop) -> None:
    """kill -9 of the bot: the program dies with it, the step may have run, and somebody says how it stands."""
    shop.program("restart", f"echo begun >> {shop.log}; sleep 6; echo end >> {shop.log}")
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
            await playing.open_run(context, 1, "mend", MAYA)
            await playing.skip(context, 1, 1, "1.1", MAYA, "no need")
            await job_queue.queue_step(context, 1, 1, "1.2", MAYA)
            await until_ran(shop, 2)
            await bot.kill()
            began = asyncio.get_running_loop().time()
            bot = await processes.start(settings)
            ws.request_url = f"http://127.0.0.1:{bot.port}/slack/events"
            await until(lambda: state_is(database, JobState.MAY_HAVE_RUN), 30)
            await ws.until(lambda: question(ws) is not None, timeout_s=20)
            await asyncio.sleep(max(0.0, 6.5 - (asyncio.get_running_loop().time() - began)))
            assert shop.ran == ["restart api", "begun"]  # the program died with the bot, and nobody ran it again
            message = question(ws)
            assert message is not None
            assert "It is not run again automatically" in message.text
            await ws.person("maya").press(message, "It ran")
            await ws.until(lambda: "says: it ran" in str(question_text(ws)), timeout_s=20)
            async with database.reading() as conn:
                walk = await playbook_runs.get(conn, 1, 1)
                entries = [r.entry.text for r in await timeline.read(conn, 1) if r.entry.kind == "playbook"]
            assert walk is not None
            assert walk.step("1.2").state == "done"
            assert any("may have run: the bot ended in the middle, at `restart api`" in text for text in entries)
        finally:
            await database.close()
            await bot.kill()


async def test_metrics_count_jobs_walks_and_steps(sqlite_url: str, shop: Shop) -> None:
    shop.program("restart", "exit 3")
    shop.program("look", "sleep 60")
    async with walking(sqlite_url, shop) as (here, _):
        await job_queue.queue_step(here.tocsin.context, 1, 1, "1.2", MAYA)
        assert (await over(here, "1.2")).outcome == "exit code 3"
        assert (await over(here, "1.2", "rollback")).state is JobState.FAILED
        await job_queue.queue_step(here.tocsin.context, 1, 1, "1.1", MAYA)
        await until_ran(shop, 3)
        load_run = await counted(here)
        assert load_run['tocsin_jobs{runner="process",state="running"}'] == 1
        assert load_run['tocsin_jobs_ended_total{result="failed",runner="process"}'] == 2
        assert load_run['tocsin_walks{kind="playbook"}'] == 1
        steps = {key: load_run[f'tocsin_walk_steps{{state="{key}"}}'] for key in ("open", "running", "failed")}
        assert steps == {"open": 2, "running": 1, "failed": 1}
        await here.restarted()
        assert (await over(here, "1.1")).state is JobState.MAY_HAVE_RUN
        load_run = await counted(here)
        assert load_run['tocsin_jobs{runner="process",state="may_have_run"}'] == 1
        assert load_run['tocsin_walk_steps{state="may_have_run"}'] == 1
        await moving.resolve(here.tocsin.context, 1, MAYA, summary="Restarted it by hand")
        load_run = await counted(here)
        assert not [name for name in load_run if name.startswith(("tocsin_jobs{", "tocsin_walk"))]


def question(ws: Any) -> Message | None:
    channel = ws.find_channel("inc-1")
    return next((m for m in ws.bot_messages(channel.id) if "job_ran" in str(m.blocks)), None)


def question_text(ws: Any) -> list[str]:
    return [m.text for m in ws.bot_messages(ws.find_channel("inc-1").id)]


async def state_is(database: Database, state: JobState) -> bool:
    async with database.reading() as conn:
        return any(job.state is state for job in await jobs.of_run(conn, 1, 1))


def context_on(database: Database, policy: Path, shop: Shop) -> Context:
    """A context of our own on the same database, as another replica has."""
    loaded = policy_reader.read(policy)
    settings = Settings(_env_file=None)  # type: ignore[call-arg]  # of pydantic-settings
    return Context(
        database,
        Policies(loaded.policy, loaded.document, policy_reader.from_document),
        Clock(),
        playbook_library=LibraryCache([shop.folder / "playbooks"]),
        runners=RunnerFactory(settings),
    )


async def test_two_replicas_never_run_a_job_twice(postgresql: PostgreSQL, shop: Shop) -> None:
    url = postgresql.create()
    async with walking(url, shop) as (here, _):
        others = [await open_database(url, migrate=False) for _ in range(2)]
        timer = Timer()
        await timer.start()
        loops = [JobRunner(context_on(database, shop.policy(), shop)) for database in others]
        try:
            for number in range(2, 14):
                await playing.abandon(here.tocsin.context, 1, number - 1, MAYA, "once more")
                await playing.open_run(here.tocsin.context, 1, "mend", MAYA)
            for loop in loops:
                await loop.start()
                timer.add(replace(loop.periodic, name=f"poll {id(loop)}"))
            # Each is asked for in a walk of its own that is stopped already, so that all wait at once.
            async with locked_incident(here.tocsin.context, 1) as work:
                for number in range(1, 14):
                    _, playbook = await load_run(work.conn, 1, number)
                    plan = make_plan(
                        here.tocsin.context.runners(here.tocsin.context.policy.automation),
                        playbook.steps[0],
                        {"service": "x" + "abcdefghijklm"[number - 1]},
                        Action.RUN,
                    )
                    job = jobs.NewJob(1, number, "1.1", "Look", plan, asked_by=MAYA, approved_by=None)
                    await jobs.add(work.conn, job, work.now)
            await until_ran(shop, 13)
            await asyncio.sleep(1.5)
            assert sorted(shop.ran) == [f"look x{letter}" for letter in "abcdefghijklm"]
        finally:
            await timer.stop(1.0)
            for loop in loops:
                await loop.stop(8.0)
            for database in others:
                await database.close()
    postgresql.give_back(url)


async def test_it_is_as_sure_as_the_incident_is_like_one_that_the_playbook_mended(sqlite_url: str, shop: Shop) -> None:
    """Nobody says a confidence: the last incident of this kind was resolved right after the step `Restart`."""
    async with walking(sqlite_url, shop) as (here, _):
        context = here.tocsin.context
        await done_through(here, "1.1", "1.2")
        await moving.resolve(context, 1, MAYA, summary="Restarted it")
        like_it = await declaring.declare(context, Declaration("Checkout is down again", "sev2", MAYA))
        other = await declaring.declare(context, Declaration("The newsletter has a typo", "sev5", MAYA))
        async with context.database.reading() as conn:
            assert (await confidence.playbook_confidence(conn, like_it, "mend", context.clock.now()) or 0) > 0.5
            assert await confidence.playbook_confidence(conn, like_it, "redis-outage", context.clock.now()) is None
            assert await confidence.playbook_confidence(conn, other, "mend", context.clock.now()) is None
