"""Shadow mode beside Opsgenie: its webhook arrives, nobody is paged, and Slack gets a report each day.

Killed anywhere meanwhile, the bot pages nobody, keeps each page once, and reports each day once.
"""

from __future__ import annotations

import asyncio
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot.check import shadow as shadow_check
from bot.domain.alerts.shadow_page import ShadowPage, ShadowSide
from bot.usecases.shadow import queue_report, read_report
from sandbox import Workspace
from storage import key_value, shadow
from storage.open import open_database
from tests.alerts.sending import TOKEN, send
from tests.scenarios import processes
from tests.scenarios.assertions import (
    announcements,
    declare,
    direct_messages,
    settle,
    type_command,
    until,
    words,
)
from tests.scenarios.running import World, policy_file, running_world
from tests.scenarios.test_kill import deaths, doubled_counts, nothing_waits, settings, workspace
from tests.waiting import WITHIN_S

POLICY = """
preset: sev1-5
announce: "#incidents"
contacts: {tom: {name: Tom, slack: U0TOM00000, email: tom@example.com}}
schedules: {payments-primary: {members: [tom]}}
shadow: {source: opsgenie, days: 2}
alerts:
  wait: 0s
  routes:
    - {match: {alertname: Certificate expires}, do: record}
    - {do: ask, escalate: [{after: 0s, notify: ["contact:tom"]}]}
"""


def created(at: datetime, message: str, *responders: dict[str, str]) -> dict[str, Any]:
    told = {"alertId": message, "alias": message, "message": message, "priority": "P2"}
    moment = int(at.timestamp() * 1000)
    return {"action": "Create", "alert": {**told, "createdAt": moment, "responders": list(responders)}}


async def reported(world: World, day: int) -> str:
    """The report of a day, after it."""
    await world.pass_time(hours=24, minutes=1)
    await queue_report(world.tocsin.context)
    await until(lambda: f"day {day} of" in announcements(world)[-1].text)
    return words(world, announcements(world)[-1])


async def withheld(world: World) -> int:
    """How many pages were withheld so far."""
    now = world.tocsin.context.clock.now()
    told = await read_report(world.tocsin.context, now - timedelta(days=1), now + timedelta(days=1))
    return sum(len(case.ours) for case in told.cases)


async def checked(world: World) -> str:
    context = world.tocsin.context
    assert context.policy.shadow is not None
    (finding,) = await shadow_check.check(context.database, context.policy.shadow, context.clock.now())
    return finding.message


async def test_a_person_who_pages_by_hand_is_told_that_nobody_is_paged(sqlite_url: str, tmp_path: Path) -> None:
    async with running_world(sqlite_url, policy=policy_file(tmp_path, POLICY)) as world:
        channel = await declare(world, "sev4 Search is slow")
        answer = await type_command(world, "maya", channel.name, "/incident page @priya please come")
        assert "Nobody is paged*: shadow mode is on, and opsgenie pages." in answer
        await settle(world)
        assert direct_messages(world, world.priya.id, "aged") == []
        ledger = await type_command(world, "maya", channel.name, "/incident why")
        assert "page — skipped\nBy hand: @priya" in ledger
        assert "shadow mode is on: opsgenie pages, and nobody is paged here" in ledger


@pytest.mark.timeout(60)
async def test_each_day_is_told_in_slack_until_its_days_are_over_and_tocsin_pages(
    sqlite_url: str, tmp_path: Path
) -> None:
    async with running_world(sqlite_url, policy=policy_file(tmp_path, POLICY), tocsin_hook_token=TOKEN) as world:
        clock = world.tocsin.context.clock
        await queue_report(world.tocsin.context)
        assert "day 1 of 2: opsgenie pages, and Tocsin pages nobody" in await checked(world)
        tom = {"type": "user", "name": "tom@example.com"}
        primary = {"type": "schedule", "name": "Payments primary"}
        bodies = [created(clock.now(), "Disk full", tom), created(clock.now(), "Checkout is slow", primary)]
        bodies.append(created(clock.now(), "Certificate expires", {"type": "user", "name": "Ben"}))
        for body in bodies:
            status, _ = await send(world, body, kind="opsgenie")
            assert status == 202
        await until(lambda: len(announcements(world)) == 2)
        async with asyncio.timeout(WITHIN_S):
            while await withheld(world) < 2:
                await asyncio.sleep(0.02)
        await settle(world)
        assert direct_messages(world, world.tom.id, "AG-") == []
        cards = "\n".join(words(world, message) for message in announcements(world))
        assert "rung 1 would page Tom (Slack): " in cards or "rung 1 would page @tom (Slack): " in cards
        assert "(shadow mode is on: opsgenie pages)" in cards
        first = await reported(world, 1)
        assert "Shadow mode, day 1 of 2: 2 of 3 alike" in first
        assert "they paged Tom at " in first
        assert ", we would have paged Tom at " in first
        assert "they paged Payments primary (Tom) at " in first
        assert "they paged Ben at " in first
        assert "we would have paged nobody: it is recorded" in first
        last = await reported(world, 2)
        assert "day 2 of 2: nobody was paged" in last
        assert "from now on Tocsin pages" in last
        assert "shadow mode is over since " in await checked(world)
        await send(world, created(world.tocsin.context.clock.now(), "Disk is full again", tom), kind="opsgenie")
        await world.pass_time(minutes=1)
        await until(lambda: direct_messages(world, world.tom.id, "AG-"))


EVERY = deaths(14, 4, 1)
POINTS = EVERY if os.environ.get("TOCSIN_TORTURE") else [EVERY[6], EVERY[15]]
BODY = created(datetime(2026, 3, 2, 3, 12, tzinfo=UTC), "Disk full", {"type": "user", "name": "tom@example.com"})


async def yesterday(url: str) -> None:
    """Shadow mode began a day ago, and they paged Tom at noon since."""
    database = await open_database(url)
    since = datetime.now(UTC) - timedelta(days=1, minutes=1)
    page = ShadowPage("opsgenie:a:create", ShadowSide.THEIRS, since + timedelta(hours=12), "Tom", "opsgenie:a", "Slow")
    async with database.transaction() as conn:
        await key_value.SHADOW.put(conn, {"source": "opsgenie", "since": since.isoformat(), "told": "0"})
        await shadow.save(conn, [page])
    await database.close()


async def post(port: int) -> bool:
    """Send the webhook once. Whether it was accepted: Opsgenie repeats it until it is."""
    headers = {"Authorization": f"Bearer {TOKEN}"}
    try:
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"http://127.0.0.1:{port}/hooks/opsgenie", json=BODY, headers=headers) as answer,
        ):
            return answer.status == 202
    except aiohttp.ClientError:
        return False


async def pages_of(url: str) -> list[ShadowSide]:
    """The side of each page that is kept."""
    database = await open_database(url, migrate=False)
    try:
        async with database.reading() as conn:
            everything = datetime(2026, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
            sides = [page.side for page in await shadow.between(conn, *everything, 100)]
            return sorted(side for side in sides if side is not ShadowSide.ALERT)
    finally:
        await database.close()


async def wait_until_reported(ws: Workspace, url: str, bot: processes.Bot | None = None) -> None:
    """Until both sides' pages are kept and the day is reported, or the bot has died."""
    async with asyncio.timeout(WITHIN_S):
        while bot is None or bot.alive:
            await ws.settled(WITHIN_S)
            if len(await pages_of(url)) == 3 and reports(ws) and await nothing_waits(url):
                return
            await asyncio.sleep(0.05)


def reports(ws: Workspace) -> list[str]:
    return [each.text for each in ws.bot_messages("incidents") if each.text.startswith("Shadow mode")]


@pytest.mark.parametrize("death", POINTS, ids=str)
async def test_killed_anywhere_it_pages_nobody_and_tells_each_day_once(
    database_url: str, tmp_path: Path, death: processes.Death
) -> None:
    await yesterday(database_url)
    async with workspace() as ws:
        given = {**settings(ws, database_url, policy_file(tmp_path, POLICY)), "tocsin_hook_token": TOKEN}
        bot = await processes.start(given, death)
        if await post(bot.port):
            await wait_until_reported(ws, database_url, bot)
        await bot.kill()
        bot = await processes.start(given)
        try:
            assert await post(bot.port), "told again, it changes nothing"
            await wait_until_reported(ws, database_url)
        finally:
            await bot.kill()
        assert await pages_of(database_url) == [ShadowSide.OURS, ShadowSide.THEIRS, ShadowSide.THEIRS]
        assert reports(ws) == ["Shadow mode, day 1 of 2: 0 of 1 alike"]
        direct_messages = [
            each for room in ws.state.channels.values() if room.is_im for each in ws.bot_messages(room.id)
        ]
        assert [each.text for each in direct_messages if "paged" in each.text] == []
        assert doubled_counts(ws) == {}
