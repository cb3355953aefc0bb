"""A first start without Slack opens the port, reports what it waits for, and continues by itself."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import aiohttp
import pytest

import sandbox
from bot.bootstrap import build
from bot.slack.directory import bot_identity
from storage import key_value
from tests.scenarios.running import MANIFEST, World, running_world, settings_for


async def request(port: int, path: str, method: str = "GET") -> tuple[int, Any]:
    async with aiohttp.ClientSession() as session:
        while True:
            try:
                async with session.request(method, f"http://127.0.0.1:{port}{path}") as answer:
                    is_json = answer.content_type == "application/json"
                    return answer.status, await answer.json() if is_json else await answer.text()
            except aiohttp.ClientConnectorError:
                await asyncio.sleep(0.02)


async def test_a_first_start_without_slack_opens_its_port_and_says_what_it_waits_for(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bot_identity, "FIRST_WAIT_S", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    async with sandbox.running(manifest=MANIFEST) as ws:
        await ws.go_down()
        settings = settings_for(ws, sqlite_url).model_copy(update={"port": port})
        building = asyncio.create_task(build(settings))
        assert await request(port, "/healthz") == (200, {"ok": True})
        status, body = await request(port, "/readyz")
        assert (status, body["ready"]) == (503, False)
        assert body["checks"]["start"].startswith("waiting for Slack's first answer (")
        status, text = await request(port, "/slack/events", "POST")
        assert (status, text.startswith("Tocsin is starting: waiting for Slack's first answer (")) == (503, True)
        await ws.come_back()
        tocsin = await building
        await tocsin.start()
        assert tocsin.port == port
        assert (await request(port, "/readyz"))[1]["checks"]["slack"] == "ok"
        await tocsin.stop()


async def test_a_start_that_is_given_up_closes_the_port(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bot_identity, "FIRST_WAIT_S", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    async with sandbox.running(manifest=MANIFEST) as ws:
        await ws.go_down()
        building = asyncio.create_task(build(settings_for(ws, sqlite_url).model_copy(update={"port": port})))
        await request(port, "/healthz")
        building.cancel()
        await asyncio.wait({building})
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", port)


async def test_a_restart_asks_slack_once_who_the_bot_is(sqlite_url: str) -> None:
    """Every answer of Slack delays the start, and the bot's app is known since the first."""
    async with running_world(sqlite_url) as world:
        assert (len(world.ws.calls("auth.test")), len(world.ws.calls("bots.info"))) == (1, 1)
        app_id = await _app_id(world)
        await world.restart()
        assert (len(world.ws.calls("auth.test")), len(world.ws.calls("bots.info"))) == (2, 1)
        assert await _app_id(world) == app_id != ""


async def _app_id(world: World) -> str:
    async with world.tocsin.database.reading() as conn:
        identity = await key_value.BOT_IDENTITY.get(conn)
    return str(identity["app_id"]) if identity else ""
