"""The process is killed, really, while a webhook or the copy at Statuspage is written to, before the answer comes.

A webhook gets the same event again under the same ID, by which receivers know it; Statuspage is looked at first, and
nothing is written there twice.
"""

from __future__ import annotations

import json
import os
import signal
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from bot.domain.statuspage.subscriber import Subscriber, SubscriberKind
from storage.open import open_database
from storage.outbox import census
from storage.statuspage import subscribers
from tests.integrations.statuspage import KEY, PAGE, statuspage
from tests.integrations.test_kill import start_bot
from tests.scenarios.processes import Bot
from tests.scenarios.running import policy_file
from tests.scenarios.test_subscribers_kill import TOKEN, UPDATE, scene, wait_until_told

RECEIVERS = 40
POLICY = """
preset: sev1-5
status_page: {name: Example AI, preset: llm-platform, subscribe: [webhook], webhook_networks: [127.0.0.0/8]}
"""
CHANGES = (
    ("update", {"status": "identified", "message": "We know why."}),
    ("correct", {"update": 1, "message": "We look into requests of the EU."}),
    ("resolve", {"message": "All is well."}),
)
WRITES = [1, 2, 3, 4, 5] if os.environ.get("TOCSIN_TORTURE") else [1, 3]
HEADERS = {"Authorization": f"Bearer {TOKEN}"}


@dataclass
class Receiver:
    """Takes events at any path. At the `dies_at`-th it kills the bot and does not answer."""

    url: str = ""
    dies_at: int = 0
    bot: Bot | None = None
    got: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)  # path, webhook-id, event

    async def take(self, request: web.Request) -> web.Response:
        self.got.append((request.path, request.headers["webhook-id"], json.loads(await request.read())))
        if len(self.got) == self.dies_at and self.bot is not None:
            os.kill(self.bot.pid, signal.SIGKILL)
        return web.Response(status=200)


@asynccontextmanager
async def receiving(dies_at: int) -> AsyncIterator[Receiver]:
    made = Receiver(dies_at=dies_at)
    app = web.Application()
    app.router.add_post("/{name}", made.take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield made
    finally:
        await runner.cleanup()


async def subscribe(url: str, receiver: str) -> None:
    """Some programs whose owners confirmed them."""
    database = await open_database(url)
    now = datetime.now(UTC)
    async with database.transaction() as conn:
        for n in range(RECEIVERS):
            each = Subscriber(f"w{n:03}", SubscriberKind.WEBHOOK, f"{receiver}/in{n}", now, confirmed_at=now)
            await subscribers.save(conn, each)
    await database.close()


async def post(bot: Bot, path: str, body: dict[str, Any]) -> dict[str, Any]:
    """Publish, or change what is published, by the API."""
    address = f"http://127.0.0.1:{bot.port}/api/v1/status-page/publications{path}"
    async with aiohttp.ClientSession() as http, http.post(address, json=body, headers=HEADERS) as answer:
        made: dict[str, Any] = await answer.json()
        assert answer.status in (200, 201), made
        return made


@pytest.mark.parametrize("dies_at", [1, RECEIVERS - 5])
async def test_every_webhook_is_told_and_a_repetition_has_the_same_id(
    sqlite_url: str, tmp_path: Path, dies_at: int
) -> None:
    async with receiving(dies_at) as there, scene(sqlite_url, tmp_path) as world:
        await subscribe(sqlite_url, there.url)
        given = world.given | {"tocsin_policy": str(policy_file(tmp_path, POLICY))}
        there.bot = await start_bot(given)
        await post(there.bot, "", UPDATE)
        assert await there.bot.ended()
        first = Counter(path for path, _, _ in there.got)
        bot = await start_bot(given)
        try:
            await wait_until_told(sqlite_url)
        finally:
            await bot.kill()
        paths = Counter(path for path, _, _ in there.got)
        assert set(paths) == {f"/in{n}" for n in range(RECEIVERS)}
        assert len({(path, name) for path, name, _ in there.got}) == RECEIVERS  # the same ID each time
        assert len({name for _, name, _ in there.got}) == RECEIVERS
        assert {path for path, count in paths.items() if count > 1} <= set(first)
        assert max(paths.values()) <= 2
        assert {event["type"] for _, _, event in there.got} == {"incident.investigating"}


@pytest.mark.parametrize("dies_at", WRITES)
async def test_nothing_is_written_twice_at_statuspage_when_the_process_dies_before_the_answer(
    sqlite_url: str, tmp_path: Path, dies_at: int
) -> None:
    async with statuspage("API", "Dashboard") as there, scene(sqlite_url, tmp_path) as world:
        there_too = {"statuspage_api_key": KEY, "statuspage_page_id": PAGE, "statuspage_api_url": there.url}
        bots = [await start_bot(world.given | there_too)]

        def die(count: int) -> None:
            if count == dies_at:
                os.kill(bots[0].pid, signal.SIGKILL)

        async def settled() -> None:
            """Everything is copied, if need be by another process."""
            while not await copied(sqlite_url):
                if len(bots) == 1 and await bots[0].ended(0.05):
                    bots.append(await start_bot(world.given | there_too))

        there.on_write = die
        try:
            made = (await post(bots[-1], "", UPDATE))["id"]
            for verb, body in CHANGES:
                await settled()
                await post(bots[-1], f"/{made}/{verb}", body)
            await settled()
        finally:
            for bot in bots:
                await bot.kill()
        assert len(bots) == 2  # it did die
        assert len(there.incidents) == 1
        assert there.bodies() == [
            ("investigating", "We look into requests of the EU."), ("identified", "We know why."),
            ("resolved", "All is well."),
        ]  # fmt: skip
        assert there.components["c0"]["status"] == "operational"


async def copied(url: str) -> bool:
    """Whether nothing is left to copy."""
    database = await open_database(url, migrate=False)
    try:
        async with database.reading() as conn:
            depth = await census.count_by_state(conn)
        return not any(depth[state] for state in ("held", "queued", "leased", "unknown"))
    finally:
        await database.close()
