"""Round robin over a team survives a kill -9 anywhere: nobody is paged twice, and nobody is left out."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from sandbox import Workspace
from storage import team_turns
from storage.open import open_database
from tests.scenarios import processes
from tests.scenarios.running import policy_file
from tests.scenarios.test_kill import (
    deaths,
    doubled_counts,
    overdue,
    settings,
    wait_until_dead_or_quiet,
    wait_until_quiet,
    workspace,
)
from tests.waiting import WITHIN_S

POLICY = """
preset: sev1-5
announce: "#incidents"
teams: {sre: {members: [U0TOM00000, U0PRIYA000]}}
severities: {sev1: {update_every: null, roles: [], respond_within: null, escalate_after: null, ladder: [
  {after: 1s, notify: ["turn:sre"]}]}}
"""
EVERY = deaths(14, 12, 1)
POINTS = EVERY if os.environ.get("TOCSIN_TORTURE") else [EVERY[10], EVERY[13]]


def paged_people(ws: Workspace) -> list[str]:
    """Who was paged directly, in order of time."""
    rooms = [room for room in ws.state.channels.values() if room.is_im]
    found = [(each.ts, person) for room in rooms for each in ws.bot_messages(room.id) if "paged" in each.text
             for person in room.members if person != ws.bot.id]  # fmt: skip
    return [person for _, person in sorted(found)]


async def turns(url: str) -> int:
    database = await open_database(url, migrate=False)
    try:
        async with database.reading() as conn:
            return (await team_turns.read(conn, ["sre"])).get("sre", 0)
    finally:
        await database.close()


async def wait_for_turns(ws: Workspace, url: str, count: int) -> None:
    """Until so many turns were taken and everything is said."""
    async with asyncio.timeout(WITHIN_S):
        while await turns(url) < count:
            await asyncio.sleep(0.05)
    await overdue(url)
    await wait_until_quiet(ws, url)


@pytest.mark.parametrize("death", POINTS, ids=str)
async def test_each_page_takes_one_turn_however_the_bot_dies(
    sqlite_url: str, tmp_path: Path, death: processes.Death
) -> None:
    policy = policy_file(tmp_path, POLICY)
    async with workspace() as ws:
        maya = ws.person("maya")
        bot = await processes.start(settings(ws, sqlite_url, policy), death)
        ws.request_url = f"http://127.0.0.1:{bot.port}/slack/events"
        accepted = (await maya.command("#general", "/incident declare sev1 Checkout is down")).ok
        await wait_until_dead_or_quiet(bot, ws, sqlite_url)
        await overdue(sqlite_url)
        await bot.kill()
        bot = await processes.start(settings(ws, sqlite_url, policy))
        ws.request_url = f"http://127.0.0.1:{bot.port}/slack/events"
        try:
            first = 1 if accepted or any(name.startswith("inc-") for name in ws.channel_names()) else 0
            await wait_for_turns(ws, sqlite_url, first)
            for number in range(first, 2):
                await maya.command("#general", f"/incident declare sev1 Search is down {number}")
                await wait_for_turns(ws, sqlite_url, number + 1)
            assert paged_people(ws) == ["U0TOM00000", "U0PRIYA000"]
            assert await turns(sqlite_url) == 2
            assert doubled_counts(ws) == {}
        finally:
            await bot.kill()
