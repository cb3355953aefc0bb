"""The process is killed at every commit and call after an alert: nothing is lost and nothing is doubled."""

from __future__ import annotations

import asyncio
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import sqlalchemy as sa

from sandbox import Workspace
from storage.alerts import groups
from storage.open import open_database
from storage.schema import alert_deadlines
from tests.alerts.sending import TOKEN, alert, webhook
from tests.scenarios import processes
from tests.scenarios.running import policy_file
from tests.scenarios.test_kill import deaths, doubled_counts, nothing_waits, settings, workspace
from tests.waiting import WITHIN_S

POLICY = """
preset: sev1-5
announce: "#incidents"
severities: {sev1: {update_every: null, roles: [], respond_within: null, escalate_after: null, ladder: []}}
alerts:
  wait: 0s
  severity: {map: {critical: sev1}}
  routes:
    - {match: {severity: critical}, do: declare}
    - {do: ask, escalate: [{after: 0s, notify: ["user:U0TOM00000"]}]}
"""
COMMITS, CALLS = 30, 14  # of both together
STEP = 1 if os.environ.get("TOCSIN_TORTURE") else 15
BODY = webhook(alert("Slow", severity="warning"), alert("Down", severity="critical"))


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    return policy_file(tmp_path, POLICY)


def with_hook(ws: Workspace, url: str, policy: Path) -> dict[str, Any]:
    return {**settings(ws, url, policy), "tocsin_hook_token": TOKEN}


async def post(port: int) -> bool:
    """Send the alerts once. Whether they were accepted: the sender repeats them until they are."""
    headers = {"Authorization": f"Bearer {TOKEN}"}
    try:
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"http://127.0.0.1:{port}/hooks/alertmanager", json=BODY, headers=headers) as answer,
        ):
            return answer.status == 202
    except aiohttp.ClientError:
        return False


async def all_done(url: str) -> bool:
    """Whether both groups are decided, nothing of theirs is due, and nothing waits to be sent."""
    database = await open_database(url, migrate=False)
    try:
        async with database.reading() as conn:
            decided = [group for group in await groups.newest(conn, 10) if group.decision in ("asked", "declared")]
            due = sa.select(sa.func.count()).where(alert_deadlines.c.due_at <= datetime.now(UTC))
            waiting = await conn.scalar(due)
    finally:
        await database.close()
    return len(decided) == 2 and not waiting and await nothing_waits(url)


async def wait_until_done(ws: Workspace, url: str, bot: processes.Bot | None = None) -> None:
    """Until everything is done, or the bot has died."""
    async with asyncio.timeout(WITHIN_S):
        while bot is None or bot.alive:
            await ws.settled(WITHIN_S)
            if await all_done(url):
                return
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("death", deaths(COMMITS, CALLS, STEP), ids=str)
async def test_a_card_and_an_incident_by_alerts_survive_being_killed_anywhere(
    database_url: str, policy: Path, death: processes.Death
) -> None:
    async with workspace() as ws:
        bot = await processes.start(with_hook(ws, database_url, policy), death)
        ws.request_url = f"http://127.0.0.1:{bot.port}/slack/events"
        accepted = await post(bot.port)
        await wait_until_done(ws, database_url, bot if accepted else None) if accepted else await asyncio.sleep(0)
        await bot.kill()
        bot = await processes.start(with_hook(ws, database_url, policy))
        ws.request_url = f"http://127.0.0.1:{bot.port}/slack/events"
        try:
            assert await post(bot.port), "told again, it changes nothing"
            await wait_until_done(ws, database_url)
            assert_one_of_each(ws)
        finally:
            await bot.kill()


def assert_one_of_each(ws: Workspace) -> None:
    (channel,) = [name for name in ws.channel_names() if name.startswith("inc-")]
    assert len(ws.pinned(channel)) == 1
    assert len([each for each in ws.bot_messages(channel) if each.text.startswith("Alerts:")]) == 1
    assert len([each for each in ws.bot_messages("incidents") if each.text.startswith("AG-")]) == 1
    direct = [each for room in ws.state.channels.values() if room.is_im for each in ws.bot_messages(room.id)]
    assert len([each for each in direct if "You are paged" in each.text]) == 1
    assert doubled_counts(ws) == {}
