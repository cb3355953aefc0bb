"""Reminders of overdue steps, and of playbooks to review."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.usecases.playbooks import review
from storage import incidents
from tests.scenarios.assertions import rest, typed
from tests.scenarios.playbook_runs import (
    assign_to,
    direct,
    filled,
    opened,
    press,
    run_message,
    started,
    words,
    written,
)
from tests.scenarios.running import World, world


@pytest.fixture
async def here(sqlite_url: str, tmp_path: Path) -> AsyncIterator[World]:
    """Nothing is reminded of but playbooks."""
    async with world(sqlite_url, policy=written(tmp_path)) as running:
        yield running


async def test_an_overdue_step_reminds_its_holder_then_the_commander(here: World) -> None:
    channel = await started(here)
    await typed(here, "tom", channel.name, "/incident lead me")
    message = await opened(here, channel)
    await press(here, "maya", message, "Assign")
    await assign_to(here, "maya", "priya")
    await here.pass_time(minutes=1, seconds=2)
    (first,) = here.ws.replies(message)
    assert "@priya, how is 1.1" in words(here, first)
    await here.pass_time(minutes=6)
    (second,) = here.ws.replies(message)
    assert "@tom, how is 1.1" in words(here, second)
    assert second.ts != first.ts
    await here.pass_time(hours=2)
    assert len(here.ws.replies(message)) == 1
    await press(here, "priya", message, "Done")
    assert "done by @priya" in words(here, here.ws.replies(message)[0])
    why = await typed(here, "maya", channel.name, "/incident why")
    assert "playbook" in why
    assert "step 1.1: not settled" in why


async def test_a_step_done_in_time_sends_no_reminder(here: World) -> None:
    channel = await started(here)
    message = await opened(here, channel)
    await press(here, "maya", message, "Done")
    await here.pass_time(seconds=70)
    await rest(here)
    assert [words(here, m).count("1.1") for m in here.ws.replies(message)] == [0]
    await typed(here, "maya", channel.name, "/incident resolve fixed")
    await here.pass_time(hours=5)
    assert len(here.ws.replies(message)) == 1
    waiting = [r for r in (await here.show())["reminders"] if r["kind"] == "playbook" and r["state"] == "waiting"]
    assert waiting == []


async def test_an_ended_run_sends_no_reminder(here: World) -> None:
    channel = await started(here)
    await opened(here, channel)
    before = words(here, run_message(here, channel))
    assert "to be done by" in before
    await typed(here, "maya", channel.name, "/incident resolve fixed")
    await rest(here)
    assert "to be done by" not in words(here, run_message(here, channel))
    await typed(here, "maya", channel.name, "/incident reopen it is back")
    await rest(here)
    assert "to be done by" in words(here, run_message(here, channel))


OWNERS = """
id: ours
name: Ours
category: process
severities: any
owner: Database
last_reviewed: 2025-01-02
phases: [{title: A, steps: [{title: Look, verification: You know, timeout: 5m}]}]
"""


async def _at(here: World, weekday: int, hour: int) -> None:
    """Move the bot's clock to the next such hour."""
    now = here.tocsin.context.clock.now()
    then = now.replace(hour=hour, minute=0) + timedelta(days=(weekday - now.weekday()) % 7 + 7)
    await here.pass_time(seconds=(then - now).total_seconds())


async def test_an_owner_is_told_once_of_a_due_review_and_a_skipped_step(sqlite_url: str, tmp_path: Path) -> None:
    own = tmp_path / "playbooks"
    own.mkdir()
    (own / "ours.yml").write_text(OWNERS)
    rules = "contacts: {dba: {name: Database, slack: priya@example.com}}\nplaybooks: {skipped: 2, review_every: 400d}\n"
    async with world(sqlite_url, policy=written(tmp_path, rules), tocsin_playbooks=str(own)) as here:
        for number in (1, 2):
            await here.maya.command("#general", "/incident declare sev2 Again")
            channel = await here.opened(number)
            await rest(here)
            message = await opened(here, channel, "ours")
            await press(here, "maya", message, "Skip")
            await filled(here, "maya", Why_="Not needed")
        assert "Used 2 times before, last" in words(here, await opened(here, channel, "ours"))
        await _at(here, weekday=1, hour=3)
        assert await review.remind_owners(here.tocsin.context) == 0  # not at night
        await _at(here, weekday=1, hour=10)
        assert await review.remind_owners(here.tocsin.context) == 1
        assert await review.remind_owners(here.tocsin.context) == 0
        await rest(here)
        (to_priya,) = direct(here, "priya", "your playbooks")
        assert "reviewed on 2025-01-02" in words(here, to_priya)
        assert "was skipped 2 times" in words(here, to_priya)
        await here.restarted()
        await _at(here, weekday=2, hour=10)
        assert await review.remind_owners(here.tocsin.context) == 0


async def test_how_often_a_playbook_was_used_says_nothing_of_a_private_incident(
    sqlite_url: str, tmp_path: Path
) -> None:
    own = tmp_path / "playbooks"
    own.mkdir()
    (own / "ours.yml").write_text(OWNERS)
    rules = "contacts: {dba: {name: Database, slack: priya@example.com}}\nplaybooks: {skipped: 1}\n"
    async with world(sqlite_url, policy=written(tmp_path, rules), tocsin_playbooks=str(own)) as here:
        secret = await here.declared("sev2 Breach")
        async with here.tocsin.database.transaction() as conn:
            incident = await incidents.lock(conn, 1)
            assert incident is not None
            await incidents.save(conn, replace(incident, private=True))
        await press(here, "maya", await opened(here, secret, "ours"), "Skip")
        await filled(here, "maya", Why_="Not needed")
        channel = await here.declared("sev2 Checkout is down")
        assert "Used" not in words(here, await opened(here, channel, "ours"))
        await _at(here, weekday=1, hour=10)
        await review.remind_owners(here.tocsin.context)
        await rest(here)
        assert "was skipped" not in str([words(here, message) for message in direct(here, "priya", "your playbooks")])
