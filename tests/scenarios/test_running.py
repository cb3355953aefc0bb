"""Steps that run programs of this machine, started by people in Slack."""

from __future__ import annotations

from bot.domain.playbook.job import JobState
from bot.usecases.playbooks import job_queue
from tests.scenarios.shop import (
    MAYA,
    TOM,
    Shop,
    approve_step,
    current_run,
    finished_job,
    is_running,
    playbook_texts,
    run_message,
    run_steps,
    running_playbook,
)


async def test_a_steps_output_is_posted_in_the_thread(sqlite_url: str, shop: Shop) -> None:
    shop.program("look", "echo all is well; echo token=s3cr3t-of-the-shop; pwd; env | sort")
    async with running_playbook(sqlite_url, shop) as (world, _):
        await run_steps(world, "1.1")
        assert shop.ran == ["look api"]
        assert (await current_run(world)).step("1.1").state == "succeeded"
        assert [text for text in await playbook_texts(world) if "1.1" in text] == [
            "Mend it, 1.1 Look: runs: look api",
            "Mend it, 1.1 Look: run succeeded: exit code 0",
        ]
        await world.delivered()
        channel = world.ws.find_channel("inc-1")
        assert channel is not None
        message = next(m for m in world.ws.bot_messages(channel.id) if "1.1 Look* worked" in m.text)
        shown = str(message.blocks)
        assert message.thread_ts == run_message(world, channel.id).ts
        assert "all is well" in shown
        assert "token=•••" in shown
        assert "s3cr3t" not in shown
        assert f"{shop.folder}\\n" in shown
        assert "HOME=/nonexistent" in shown
        assert "TOCSIN" not in shown


async def test_run_shows_the_plan_before_it_runs(sqlite_url: str, shop: Shop) -> None:
    async with running_playbook(sqlite_url, shop) as (world, _):
        await world.delivered()
        channel = world.ws.find_channel("inc-1")
        assert channel is not None
        await world.ws.person("maya").press(run_message(world, channel.id), "Run")
        view = world.ws.person("maya").view
        assert "look api" in str(view.body)
        assert "exit code 0" in str(view.body)
        assert shop.ran == []  # nothing has happened yet
        assert (await world.ws.person("maya").submit()).ok
        assert (await finished_job(world, "1.1")).state is JobState.DONE
        assert shop.ran == ["look api"]


async def test_approved_in_slack_then_run_and_rolled_back(sqlite_url: str, shop: Shop) -> None:
    """Maya asks, Tom approves exactly those lines, Maya runs them, and takes them back with approval again."""
    async with running_playbook(sqlite_url, shop) as (world, _):
        maya, tom = world.ws.person("maya"), world.ws.person("tom")
        await run_steps(world, "1.1", "1.2")
        await world.delivered()
        channel = world.ws.find_channel("inc-1")
        assert channel is not None
        await maya.command(channel.name, "/incident invite @tom")
        await world.delivered()
        await maya.press(run_message(world, channel.id), "Ask for approval")
        await world.delivered()
        asked = next(m for m in world.ws.bot_messages(channel.id) if "walk_approve" in str(m.blocks))
        assert "scale api" in str(asked.blocks)
        await tom.press(asked, "Approve")
        await world.delivered()
        await maya.press(run_message(world, channel.id), "Run")
        assert "scale back-api" in str(maya.view.body)  # what takes it back is shown before
        assert (await maya.submit()).ok
        assert (await finished_job(world, "1.3")).approved_by == TOM
        assert shop.ran == ["look api", "restart api", "scale api"]
        asked_again = await job_queue.queue_step(world.tocsin.context, 1, 1, "1.3", MAYA, "rollback")
        assert "needs approval first" in (asked_again.refused or "")
        await approve_step(world, "1.3", "rollback")
        assert (await job_queue.queue_step(world.tocsin.context, 1, 1, "1.3", MAYA, "rollback")).refused is None
        assert (await finished_job(world, "1.3", "rollback")).state is JobState.DONE
        assert (await current_run(world)).step("1.3").state == "rolled_back"
        assert shop.ran[-1] == "scale back-api"


async def test_why_not_explains_the_refusal(sqlite_url: str, shop: Shop) -> None:
    shop.playbook("look {service}", "peek {service}")
    async with running_playbook(sqlite_url, shop) as (world, _):
        await world.delivered()
        channel = world.ws.find_channel("inc-1")
        assert channel is not None
        await world.ws.person("maya").press(run_message(world, channel.id), "walk_more", "Why can I not run it?")
        await world.delivered()
        words = "Does not run: peek is not a program that the policy allows"
        assert words in str(world.ws.person("maya").ephemerals())
        assert shop.ran == []


async def test_a_timed_out_program_is_killed_with_its_children(sqlite_url: str, shop: Shop) -> None:
    pid = shop.folder / "pid"
    shop.program("look", f"(setsid sh -c 'echo $$ > {pid}; sleep 60' >/dev/null 2>&1 &)\nsleep 60")
    async with running_playbook(sqlite_url, shop, timeout="2s") as (world, _):
        await job_queue.queue_step(world.tocsin.context, 1, 1, "1.1", MAYA)
        job = await finished_job(world, "1.1")
        assert job.outcome == "It was killed after 2 seconds, with all it had started."
        assert (await current_run(world)).step("1.1").state == "timed_out"
        assert not is_running(int(pid.read_text()))
        assert shop.ran == ["look api"]


async def test_a_step_is_retried_as_often_as_the_playbook_says(sqlite_url: str, shop: Shop) -> None:
    shop.playbook("{runner: process}", "{runner: process, retries: 2, retry_every: 1s}")
    shop.program("look", f"test $(wc -l < {shop.log}) -ge 3")
    async with running_playbook(sqlite_url, shop) as (world, _):
        await job_queue.queue_step(world.tocsin.context, 1, 1, "1.1", MAYA)
        job = await finished_job(world, "1.1")
        assert (job.state, job.attempts) == (JobState.DONE, 3)
        assert sum("failed (exit code 1); again in 1s" in text for text in await playbook_texts(world)) == 2


async def test_with_automation_off_running_is_refused(sqlite_url: str, shop: Shop) -> None:
    policy = shop.policy()
    policy.write_text(policy.read_text().replace("enabled: true", "enabled: false"))
    shop.policy = lambda **_: policy  # type: ignore[method-assign]
    async with running_playbook(sqlite_url, shop) as (world, _):
        asked = await job_queue.queue_step(world.tocsin.context, 1, 1, "1.1", MAYA)
        assert asked.refused == "Does not run: automation is off (`automation.enabled` in the policy)."
        assert (await playbook_texts(world))[-1] == f"Mend it, 1.1 Look: not run. {asked.refused}"
        await world.delivered()
        channel = world.ws.find_channel("inc-1")
        assert channel is not None
        assert '"Run"' not in str(run_message(world, channel.id).blocks)
        assert shop.ran == []
