"""Rolling back executed steps: after a failure, with approval, and by a person's decision."""

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
    playbook_texts,
    run_message,
    run_steps,
    running_playbook,
    step_buttons,
    texts,
)


async def test_a_failure_rolls_back_in_reverse_and_pages(sqlite_url: str, shop: Shop) -> None:
    shop.program("verify", "echo still broken; exit 7")
    triggers = 'triggers:\n  remedy: {when: auto_remediation_failed, notify: ["user:U0PRIYA000"], by: [slack]}\n'
    async with running_playbook(sqlite_url, shop, more=triggers) as (world, _):
        await run_steps(world, "1.1", "1.2")
        await approve_step(world, "1.3")
        await run_steps(world, "1.3")
        await job_queue.queue_step(world.tocsin.context, 1, 1, "1.4", MAYA)
        assert (await finished_job(world, "1.4")).outcome == "exit code 7"
        assert (await finished_job(world, "1.2", "rollback")).state is JobState.DONE
        assert shop.ran == [
            "look api", "restart api", "scale api", "verify api", "scale back-api", "restart back-api",
        ]  # fmt: skip
        run = await current_run(world)
        assert [run.step(step).state for step in ("1.1", "1.2", "1.3", "1.4")] == [
            "succeeded", "rolled_back", "rolled_back", "failed",
        ]  # fmt: skip
        await world.pass_time(minutes=1)
        assert any("paged" in text for text in texts(world))
        page = [one["text"] for one in (await world.show())["timeline"] if one["kind"] == "page"]
        assert any("remedy" in text for text in page), page


async def test_a_rolled_back_step_needs_approval_again(sqlite_url: str, shop: Shop) -> None:
    """Neither the approval of what failed nor that of what was taken back is good for another time."""
    shop.program("scale", f'case "$1" in back-*) exit 0;; esac; test -e {shop.folder}/room')
    async with running_playbook(sqlite_url, shop) as (world, _):
        maya, tom = world.ws.person("maya"), world.ws.person("tom")
        channel = await world.incident_channel()
        await maya.command(channel.name, "/incident invite @tom")
        await run_steps(world, "1.1", "1.2")
        await approve_step(world, "1.3")
        await job_queue.queue_step(world.tocsin.context, 1, 1, "1.3", MAYA)
        assert (await finished_job(world, "1.2", "rollback")).state is JobState.DONE
        await run_steps(world, "1.2")
        await world.delivered()
        message = run_message(world, channel.id)
        assert "Rolled back by" in str(message.blocks)
        assert "Failed: exit code 1" in str(message.blocks)
        assert step_buttons(message) == ["Ask for approval", "Skip", "Run", "Assign"]
        asked = await job_queue.queue_step(world.tocsin.context, 1, 1, "1.3", MAYA)
        assert asked.refused == "Step 1.3 needs approval first."
        (shop.folder / "room").touch()
        await maya.press(message, "Ask for approval")
        await world.delivered()
        request = next(m for m in world.ws.bot_messages(channel.id) if "walk_approve" in str(m.blocks))
        assert "scale api" in str(request.blocks)
        await tom.press(request, "Approve")
        await world.delivered()
        message = run_message(world, channel.id)
        assert step_buttons(message) == ["Done", "Skip", "Run", "Assign"]
        await maya.press(message, "Run")
        assert (await maya.submit()).ok
        job = await finished_job(world, "1.3")
        assert (job.state, job.approved_by) == (JobState.DONE, TOM)
        assert shop.ran[-3:] == ["restart back-api", "restart api", "scale api"]


async def test_an_approved_rollback_offers_only_the_rollback(sqlite_url: str, shop: Shop) -> None:
    async with running_playbook(sqlite_url, shop) as (world, _):
        channel = await world.incident_channel()
        await run_steps(world, "1.1", "1.2")
        await approve_step(world, "1.3")
        await run_steps(world, "1.3")
        await approve_step(world, "1.3", "rollback")
        await world.delivered()
        assert step_buttons(run_message(world, channel.id)) == ["Skip", "Roll back", "Assign"]


async def test_a_failed_rollback_is_handed_to_people(sqlite_url: str, shop: Shop) -> None:
    shop.program("restart", 'case "$1" in back-*) exit 9;; esac')
    shop.program("verify", "exit 1")
    async with running_playbook(sqlite_url, shop) as (world, _):
        await run_steps(world, "1.1", "1.2")
        await approve_step(world, "1.3")
        await run_steps(world, "1.3")
        await job_queue.queue_step(world.tocsin.context, 1, 1, "1.4", MAYA)
        assert (await finished_job(world, "1.2", "rollback")).state is JobState.FAILED
        left = [text for text in await playbook_texts(world) if "In this order" in text]
        assert len(left) == 1
        assert left[0].endswith("In this order: restart back-api")
        await world.delivered()
        assert any("Not rolled back automatically" in text for text in texts(world))


async def test_with_on_failure_ask_nothing_is_rolled_back(sqlite_url: str, shop: Shop) -> None:
    shop.program("verify", "exit 1")
    async with running_playbook(sqlite_url, shop, automation="  on_failure: ask\n") as (world, _):
        await run_steps(world, "1.1", "1.2")
        await approve_step(world, "1.3")
        await run_steps(world, "1.3")
        await job_queue.queue_step(world.tocsin.context, 1, 1, "1.4", MAYA)
        await finished_job(world, "1.4")
        assert "back-api" not in " ".join(shop.ran)
        assert any(text.endswith("scale back-api; restart back-api") for text in await playbook_texts(world))
