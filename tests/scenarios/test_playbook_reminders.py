"""Reminders of overdue steps, and of playbooks to review."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.usecases.playbooks import review
from storage import incidents
from tests.scenarios.assertions import settle, type_command
from tests.scenarios.playbook_runs import (
    assign_to,
    direct_messages,
    fill_form,
    open_run,
    policy_file,
    press,
    run_message,
    start_incident,
    words,
)
from tests.scenarios.running import World, running_world


@pytest.fixture
async def world(sqlite_url: str, tmp_path: Path) -> AsyncIterator[World]:
    """Nothing is reminded of but playbooks."""
    async with running_world(sqlite_url, policy=policy_file(tmp_path)) as running:
        yield running


async def test_an_overdue_step_reminds_its_holder_then_the_commander(world: World) -> None:
    channel = await start_incident(world)
    await type_command(world, "tom", channel.name, "/incident lead me")
    message = await open_run(world, channel)
    await press(world, "maya", message, "Assign")
    await assign_to(world, "maya", "priya")
    await world.pass_time(minutes=1, seconds=2)
    (first,) = world.ws.replies(message)
    assert "@priya, how is 1.1" in words(world, first)
    await world.pass_time(minutes=6)
    (second,) = world.ws.replies(message)
    assert "@tom, how is 1.1" in words(world, second)
    assert second.ts != first.ts
    await world.pass_time(hours=2)
    assert len(world.ws.replies(message)) == 1
    await press(world, "priya", message, "Done")
    assert "done by @priya" in words(world, world.ws.replies(message)[0])
    why = await type_command(world, "maya", channel.name, "/incident why")
    assert "playbook" in why
    assert "step 1.1: not settled" in why


async def test_a_step_done_in_time_sends_no_reminder(world: World) -> None:
    channel = await start_incident(world)
    message = await open_run(world, channel)
    await press(world, "maya", message, "Done")
    await world.pass_time(seconds=70)
    await settle(world)
    assert [words(world, m).count("1.1") for m in world.ws.replies(message)] == [0]
    await type_command(world, "maya", channel.name, "/incident resolve fixed")
    await world.pass_time(hours=5)
    assert len(world.ws.replies(message)) == 1
    waiting = [r for r in (await world.show())["reminders"] if r["kind"] == "playbook" and r["state"] == "waiting"]
    assert waiting == []


async def test_an_ended_run_sends_no_reminder(world: World) -> None:
    channel = await start_incident(world)
    await open_run(world, channel)
    before = words(world, run_message(world, channel))
    assert "to be done by" in before
    await type_command(world, "maya", channel.name, "/incident resolve fixed")
    await settle(world)
    assert "to be done by" not in words(world, run_message(world, channel))
    await type_command(world, "maya", channel.name, "/incident reopen it is back")
    await settle(world)
    assert "to be done by" in words(world, run_message(world, channel))


OWNERS = """
id: ours
name: Ours
category: process
severities: any
owner: Database
last_reviewed: 2025-01-02
phases: [{title: A, steps: [{title: Look, verification: You know, timeout: 5m}]}]
"""


async def _at(world: World, weekday: int, hour: int) -> None:
    """Move the bot's clock to the next such hour."""
    now = world.tocsin.context.clock.now()
    then = now.replace(hour=hour, minute=0) + timedelta(days=(weekday - now.weekday()) % 7 + 7)
    await world.pass_time(seconds=(then - now).total_seconds())


async def test_an_owner_is_told_once_of_a_due_review_and_a_skipped_step(sqlite_url: str, tmp_path: Path) -> None:
    own = tmp_path / "playbooks"
    own.mkdir()
    (own / "ours.yml").write_text(OWNERS)
    rules = "contacts: {dba: {name: Database, slack: priya@example.com}}\nplaybooks: {skipped: 2, review_every: 400d}\n"
    async with running_world(sqlite_url, policy=policy_file(tmp_path, rules), tocsin_playbooks=str(own)) as world:
        for number in (1, 2):
            await world.maya.command("#general", "/incident declare sev2 Again")
            channel = await world.incident_channel(number)
            await settle(world)
            message = await open_run(world, channel, "ours")
            await press(world, "maya", message, "Skip")
            await fill_form(world, "maya", Why_="Not needed")
        assert "Used 2 times before, last" in words(world, await open_run(world, channel, "ours"))
        await _at(world, weekday=1, hour=3)
        assert await review.remind_owners(world.tocsin.context) == 0  # not at night
        await _at(world, weekday=1, hour=10)
        assert await review.remind_owners(world.tocsin.context) == 1
        assert await review.remind_owners(world.tocsin.context) == 0
        await settle(world)
        (to_priya,) = direct_messages(world, "priya", "your playbooks")
        assert "reviewed on 2025-01-02" in words(world, to_priya)
        assert "was skipped 2 times" in words(world, to_priya)
        await world.restart()
        await _at(world, weekday=2, hour=10)
        assert await review.remind_owners(world.tocsin.context) == 0


async def test_how_often_a_playbook_was_used_says_nothing_of_a_private_incident(
    sqlite_url: str, tmp_path: Path
) -> None:
    own = tmp_path / "playbooks"
    own.mkdir()
    (own / "ours.yml").write_text(OWNERS)
    rules = "contacts: {dba: {name: Database, slack: priya@example.com}}\nplaybooks: {skipped: 1}\n"
    async with running_world(sqlite_url, policy=policy_file(tmp_path, rules), tocsin_playbooks=str(own)) as world:
        secret = await world.declare("sev2 Breach")
        async with world.tocsin.database.transaction() as conn:
            incident = await incidents.lock(conn, 1)
            assert incident is not None
            await incidents.save(conn, replace(incident, private=True))
        await press(world, "maya", await open_run(world, secret, "ours"), "Skip")
        await fill_form(world, "maya", Why_="Not needed")
        channel = await world.declare("sev2 Checkout is down")
        assert "Used" not in words(world, await open_run(world, channel, "ours"))
        await _at(world, weekday=1, hour=10)
        await review.remind_owners(world.tocsin.context)
        await settle(world)
        assert "was skipped" not in str(
            [words(world, message) for message in direct_messages(world, "priya", "your playbooks")]
        )
