"""Steps that run without a person, as the decision matrix and the confidence permit."""

from __future__ import annotations

from dataclasses import replace

from bot.domain.access.identity import Identity, Membership
from bot.domain.incident import Change
from bot.domain.playbook.job import JobState
from bot.domain.timeline.entry import BOT
from bot.usecases.incidents import declare
from bot.usecases.incidents.declare import Declaration
from bot.usecases.incidents.reopen import reopen
from bot.usecases.incidents.resolve import resolve
from bot.usecases.playbooks import approvals, confidence, job_queue, runs
from bot.usecases.playbooks.auto_run import start_automatic_steps
from bot.usecases.unit_of_work import locked_incident
from tests.scenarios.shop import (
    MAYA,
    TOM,
    Shop,
    current_run,
    finished_job,
    run_steps,
    running_playbook,
    until_ran,
    until_waiting,
)


async def test_the_matrix_lets_steps_run_unattended(sqlite_url: str, shop: Shop) -> None:
    """Looking is free, restarting wants confidence, scaling wants approval of what the bot asks for by itself."""
    matrix = "  matrix:\n    mend: {playbooks: [mend], blast_radius: ['services <= 1'], decision: auto}\n"
    async with running_playbook(sqlite_url, shop, automation=matrix) as (world, _):
        assert (await finished_job(world, "1.1")).asked_by == BOT
        assert await start_automatic_steps(world.tocsin.context, set()) == 0
        assert shop.ran == ["look api"]  # nobody has stated the confidence, and 0.9 is needed
        async with locked_incident(world.tocsin.context, 1) as work:
            surer = replace(work.incident, facts={"confidence": 0.95})
            await work.commit(Change(surer))
        await start_automatic_steps(world.tocsin.context, set())
        assert (await finished_job(world, "1.2")).state is JobState.DONE
        await until_waiting(world, "1.3")
        asked = (await current_run(world)).step("1.3").asked
        assert asked is not None
        assert (asked.by, asked.shown) == (BOT, ("scale api",))
        assert shop.ran == ["look api", "restart api"]
        await approvals.approve(world.tocsin.context, 1, 1, "1.3", asked.number, Identity(TOM, Membership.MEMBER))
        assert (await finished_job(world, "1.3")).approved_by == TOM
        assert (await finished_job(world, "1.4")).state is JobState.DONE
        assert shop.ran == ["look api", "restart api", "scale api", "verify api"]


async def test_a_resolved_incident_does_not_hold_up_others(sqlite_url: str, shop: Shop) -> None:
    """There the bot asks for no approval, and what waits in other incidents is run."""
    matrix = "  matrix:\n    mend: {actions: [scale_up], decision: approve}\n"
    async with running_playbook(sqlite_url, shop, automation=matrix) as (world, _):
        context = world.tocsin.context
        await runs.skip(context, 1, 1, "1.1", MAYA, "no need")
        await resolve(context, 1, MAYA, summary="It came back")
        await runs.skip(context, 1, 1, "1.2", MAYA, "no need")
        assert await start_automatic_steps(context, set()) == 0
        assert (await current_run(world)).step("1.3").asked is None
        await declare.declare(context, Declaration("Search is down", "sev2", MAYA))
        await runs.open_run(context, 2, "mend", MAYA)
        await job_queue.queue_step(context, 2, 1, "1.1", MAYA)
        await until_ran(shop, 1)
        await reopen(context, 1, MAYA, "It is back")
        await until_waiting(world, "1.3")


async def test_confidence_comes_from_similar_incidents_that_it_fixed(sqlite_url: str, shop: Shop) -> None:
    """Nobody says a confidence: the last incident of this kind was resolved right after the step `Restart`."""
    async with running_playbook(sqlite_url, shop) as (world, _):
        context = world.tocsin.context
        await run_steps(world, "1.1", "1.2")
        await resolve(context, 1, MAYA, summary="Restarted it")
        like_it = await declare.declare(context, Declaration("Checkout is down again", "sev2", MAYA))
        other = await declare.declare(context, Declaration("The newsletter has a typo", "sev5", MAYA))
        async with context.database.reading() as conn:
            assert (await confidence.playbook_confidence(conn, like_it, "mend", context.clock.now()) or 0) > 0.5
            assert await confidence.playbook_confidence(conn, like_it, "redis-outage", context.clock.now()) is None
            assert await confidence.playbook_confidence(conn, other, "mend", context.clock.now()) is None
