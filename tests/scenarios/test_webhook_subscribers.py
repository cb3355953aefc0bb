"""Programs subscribe to the status page by webhook: real HTTP to a real receiver, signed and confirmed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from bot.domain.statuspage.component_state import ComponentState as S
from bot.domain.statuspage.publication import Correction, NewPublication
from bot.domain.timeline.entry import BOT
from bot.integrations.standard_webhooks import signature
from bot.usecases.status_page.publish import correct, publish
from storage.statuspage import mailings, subscribers
from tests.scenarios.assertions import settle
from tests.scenarios.running import World, policy_file, running_world

POLICY = """
preset: sev1-5
announce: "#incidents"
status_page: {name: Example AI, preset: llm-platform, subscribe: [webhook], webhook_networks: [127.0.0.0/8]}
"""
OUTSIDE = POLICY.replace(", webhook_networks: [127.0.0.0/8]", "")


@dataclass
class Receiver:
    """A program that takes POST; it keeps what arrived, and answers what it is told to."""

    url: str = ""
    status: int = 200
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    def events(self) -> list[Any]:
        return [json.loads(body) for _, body in self.got]


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    found = Receiver()

    async def take(request: web.Request) -> web.Response:
        found.got.append((dict(request.headers), await request.read()))
        return web.Response(status=found.status)

    app = web.Application()
    app.router.add_post("/in", take)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    found.url = f"http://127.0.0.1:{runner.addresses[0][1]}/in"
    try:
        yield found
    finally:
        await runner.cleanup()


async def ask(world: World, method: str, path: str, data: Any = None) -> int:
    place = path.replace("https://tocsin.example.com", "")
    url = f"http://127.0.0.1:{world.tocsin.port}{place}"
    async with aiohttp.ClientSession() as session, session.request(method, url, data=data) as answer:
        return answer.status


async def send_news(world: World) -> None:
    async with asyncio.timeout(60):
        while True:
            async with world.tocsin.database.reading() as conn:
                if not await mailings.waiting(conn):
                    break
            await asyncio.sleep(0.05)
    await settle(world)


@pytest.fixture
async def world(sqlite_url: str, tmp_path: Path) -> AsyncIterator[World]:
    async with running_world(
        sqlite_url, policy=policy_file(tmp_path, POLICY), tocsin_url="https://tocsin.example.com"
    ) as running:
        yield running


async def test_a_webhook_is_told_once_its_owner_confirmed_and_leaves_by_its_link(world: World) -> None:
    async with receiving() as there:
        assert await ask(world, "POST", "/status/subscribe", {"webhook": there.url}) == 200
        assert await ask(world, "POST", "/status/subscribe", {"webhook": there.url}) == 200
        await settle(world)
        (question,) = there.events()  # asked twice, posted once
        assert question["type"] == "subscription.confirm"
        new = NewPublication("Requests fail", "We look into it.", {"api": S.PARTIAL_OUTAGE})
        await publish(world.tocsin.context, None, new, BOT)
        await send_news(world)
        assert len(there.got) == 1  # not confirmed: told nothing
        assert await ask(world, "POST", question["data"]["confirm_url"]) == 200
        made = await publish(world.tocsin.context, None, new, BOT)
        await send_news(world)
        await correct(world.tocsin.context, made.id, Correction("Only EU requests fail.", 1), BOT)
        await send_news(world)
        headers, body = there.got[1]
        stamp, message_id = headers["webhook-timestamp"], headers["webhook-id"]
        assert headers["webhook-signature"] == f"v1,{signature(question['data']['secret'], message_id, stamp, body)}"
        event, second = there.events()[1:]
        assert (event["type"], second["type"]) == ("incident.investigating", "incident.corrected")
        assert event["data"]["incident"]["components"] == [{"key": "api", "name": "API", "state": "partial_outage"}]
        assert second["data"]["update"]["message"] == "Only EU requests fail."
        assert await ask(world, "POST", event["data"]["unsubscribe_url"]) == 200
        await publish(world.tocsin.context, None, new, BOT)
        await send_news(world)
        assert len(there.got) == 3


async def test_a_receiver_that_says_gone_is_told_nothing_more(world: World) -> None:
    async with receiving() as there:
        there.status = 410
        await ask(world, "POST", "/status/subscribe", {"webhook": there.url})
        await settle(world)
        assert len(there.got) == 1
        async with world.tocsin.database.reading() as conn:
            assert await subscribers.counts(conn) == {}


async def test_one_host_is_not_asked_again_and_again_under_other_paths(world: World) -> None:
    async with receiving() as there:
        for number in range(9):
            assert await ask(world, "POST", "/status/subscribe", {"webhook": f"{there.url}?{number}"}) == 200
        await settle(world)
        assert len(there.got) == 3


async def test_an_address_inside_is_never_asked(sqlite_url: str, tmp_path: Path) -> None:
    policy = policy_file(tmp_path, OUTSIDE)
    async with (
        running_world(sqlite_url, policy=policy, tocsin_url="https://tocsin.example.com") as world,
        receiving() as there,
    ):
        for url in (
            there.url,
            "https://user:word@example.com/",
            "ftp://example.com/",
            "https://",
            "http://example.com/",
        ):
            assert await ask(world, "POST", "/status/subscribe", {"webhook": url}) == 400, url
        inside = there.url.replace("http://127.0.0.1", "https://localhost")
        assert await ask(world, "POST", "/status/subscribe", {"webhook": inside}) == 200
        await asyncio.sleep(0.5)
        async with world.tocsin.database.reading() as conn:
            (subscriber,) = await subscribers.page(conn, "", 5)
        assert not subscriber.active
        assert there.got == []
