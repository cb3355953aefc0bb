"""SIGTERM under load: the process ends within ten seconds, and loses no accepted request."""

from __future__ import annotations

import asyncio
import math
import time
from collections import Counter
from typing import Any

import aiohttp
import pytest

import sandbox
from sandbox import Workspace
from storage.open import open_database
from storage.outbox import census
from tests.scenarios import processes
from tests.scenarios.assertions import doubled_keys
from tests.scenarios.processes import Bot, Tuning
from tests.scenarios.running import MANIFEST

WITHIN_S = 10.0
NEVER = math.inf  # Slack does what it is told, and does not answer any more


def settings(ws: Workspace, url: str) -> dict[str, Any]:
    return {
        "slack_bot_token": ws.settings.bot_token, "slack_signing_secret": ws.settings.signing_secret,
        "slack_api_url": ws.api_url, "database_url": url, "port": 0,
    }  # fmt: skip


async def begin(ws: Workspace, url: str) -> Bot:
    bot = processes.launch(settings(ws, url), None, Tuning(timeout_s=4.0, lease_s=10.0))
    assert await bot.ready()
    ws.request_url = f"http://127.0.0.1:{bot.port}/slack/events"
    return bot


async def readiness(port: int, seen: list[int], until: asyncio.Event) -> None:
    """What a balancer does, more often."""
    async with aiohttp.ClientSession() as session:
        while not until.is_set():
            try:
                async with session.get(f"http://127.0.0.1:{port}/readyz") as answer:
                    seen.append(answer.status)
            except aiohttp.ClientError:
                seen.append(0)
            await asyncio.sleep(0.05)


@pytest.mark.parametrize(("moment_s", "slow_s"), [(0.3, 0.2), (1.0, 0.2), (1.0, NEVER)])
async def test_a_shutdown_under_load_is_quick_and_loses_nothing(
    database_url: str, moment_s: float, slow_s: float
) -> None:
    async with sandbox.running(manifest=MANIFEST, retry_delays_s=(0.2, 1.0, 3.0)) as ws:
        maya = ws.person("maya")
        first = await begin(ws, database_url)
        ws.faults.latency_s = min(slow_s, 0.2)
        accepted: list[str] = []
        over = asyncio.Event()

        async def declare(number: int) -> None:
            reply = await maya.command("#general", f"/incident declare sev4 Storm {number:02}")
            if reply.ok:
                accepted.append(f"storm-{number:02}")

        async def load() -> None:
            number = 0
            while not over.is_set():
                number += 1
                await asyncio.wait([asyncio.create_task(declare(number)), asyncio.create_task(asyncio.sleep(0.05))],
                                   return_when=asyncio.ALL_COMPLETED)  # fmt: skip

        statuses: list[int] = []
        watching = asyncio.create_task(readiness(first.port, statuses, over))
        loading = asyncio.create_task(load())
        while 200 not in statuses:
            await asyncio.sleep(0.02)
        if slow_s is NEVER:
            ws.faults.add("*", hang=True, after=True, count=None)
        await asyncio.sleep(moment_s)
        began = time.monotonic()
        first.signal(15)
        ended = await first.ended(WITHIN_S + 5)
        took_s = time.monotonic() - began
        over.set()
        await asyncio.gather(watching, loading)
        assert ended
        assert first.exit_code == 0
        assert took_s < WITHIN_S
        print(f"ended after {took_s:.2f} s, with {len(accepted)} accepted")
        assert 503 in statuses, "it says that it stops before it does"
        assert 0 not in statuses[: statuses.index(503)]

        ws.faults.clear()
        second = await begin(ws, database_url)
        try:
            await delivered(database_url)
        finally:
            await second.stop()
        made = Counter(name.split("-", 2)[2] for name in ws.channel_names() if name.startswith("inc-"))
        assert set(accepted) <= set(made)
        assert set(made.values()) == {1}
        for name in ws.channel_names():
            if name.startswith("inc-"):
                assert len(ws.pinned(name)) == 1
        assert doubled_keys(ws) == []


async def test_a_request_under_way_at_shutdown_is_answered(sqlite_url: str) -> None:
    async with sandbox.running(manifest=MANIFEST, retry_delays_s=(0.2, 1.0, 3.0)) as ws:
        bot = await begin(ws, sqlite_url)
        maya = ws.person("maya")
        ws.faults.add("views.open", latency_s=1.0)
        asking = asyncio.create_task(maya.command("#general", "/incident declare"))
        while not ws.calls("views.open"):
            await asyncio.sleep(0.01)
        bot.signal(15)
        assert (await asking).ok
        assert maya.view.callback_id
        assert await bot.ended(WITHIN_S)


async def delivered(url: str) -> None:
    database = await open_database(url, migrate=False)
    try:
        for _ in range(600):
            async with database.reading() as conn:
                depth = await census.count_by_state(conn)
            if not any(depth[state] for state in ("held", "queued", "leased", "unknown")):
                return
            await asyncio.sleep(0.1)
        raise TimeoutError(f"the outbox still holds {depth}")
    finally:
        await database.close()
