"""The process is killed at every commit of a webhook: no alert is lost, none is doubled, and the incident is one."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from sandbox import Workspace
from storage.alerts import groups, members
from storage.open import open_database
from tests.alerts.sending import TOKEN, alert, webhook
from tests.scenarios import processes
from tests.scenarios.processes import Death
from tests.scenarios.running import policy_file
from tests.scenarios.test_kill import doubled_counts, incident_channels, settings, wait_until_quiet, workspace
from tests.waiting import WITHIN_S

POLICY = """
preset: sev1-5
announce: "#incidents"
severities:
  sev1: {update_every: null, roles: [], respond_within: null, escalate_after: null, ladder: []}
alerts:
  wait: 1s
  severity: {map: {critical: sev1}}
  routes: [{match: {severity: critical}, do: declare}]
"""
BODY = webhook(alert(severity="critical", instance="a"), alert(severity="critical", instance="b"))
# Receiving and deciding take two serialized commits; `make torture` dies at every commit until the card is pinned.
DEATHS = [Death("serialized", n, before) for n in (1, 2) for before in (True, False)]
if os.environ.get("TOCSIN_TORTURE"):
    DEATHS += [Death("commit", n, before) for n in range(1, 25) for before in (True, False)]
    DEATHS += [Death("call", n, before) for n in range(1, 12) for before in (True, False)]


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    return policy_file(tmp_path, POLICY)


async def send_once(port: int) -> bool:
    """Send once, as Alertmanager does. False: there was no 202, and it sends the same again."""
    timeout = aiohttp.ClientTimeout(total=10)
    headers = {"Authorization": f"Bearer {TOKEN}"}
    url = f"http://127.0.0.1:{port}/hooks/alertmanager"
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.post(url, json=BODY, headers=headers) as r,
        ):
            return r.status == 202
    except (aiohttp.ClientError, TimeoutError):
        return False


async def start(ws: Workspace, url: str, policy: Path, death: Death | None = None) -> processes.Bot:
    values: dict[str, Any] = {**settings(ws, url, policy), "tocsin_hook_token": TOKEN}
    bot = await processes.start(values, death) if death else await processes.start(values)
    ws.request_url = f"http://127.0.0.1:{bot.port}/slack/events"
    return bot


@pytest.mark.parametrize("death", DEATHS, ids=str)
async def test_a_webhook_survives_being_killed_anywhere(database_url: str, policy: Path, death: Death) -> None:
    async with workspace() as ws:
        bot = await start(ws, database_url, policy, death)
        taken = await send_once(bot.port)
        async with asyncio.timeout(WITHIN_S):
            while bot.alive and not (taken and incident_channels(ws) and ws.pinned(incident_channels(ws)[0])):
                await asyncio.sleep(0.05)
        await bot.kill()
        bot = await start(ws, database_url, policy)
        try:
            while not taken:
                taken = await send_once(bot.port)
            await ws.until(lambda: incident_channels(ws) and ws.pinned(incident_channels(ws)[0]))
            await wait_until_quiet(ws, database_url)
            await assert_one_of_each(ws, database_url)
        finally:
            await bot.kill()


async def assert_one_of_each(ws: Workspace, url: str) -> None:
    (channel,) = incident_channels(ws)
    assert len([message for message in ws.bot_messages(channel) if message.text.startswith("Alerts")]) == 1
    assert doubled_counts(ws) == {}
    database = await open_database(url, migrate=False)
    try:
        async with database.reading() as conn:
            (group,) = await groups.newest(conn, 10)
            listed = await members.of_group(conn, group.number, 10)
    finally:
        await database.close()
    assert (group.decision, group.incident, group.flaps) == ("declared", 1, 0)
    assert [(member.firing, member.occurrences) for member in listed] == [(True, 1), (True, 1)]
