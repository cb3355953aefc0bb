"""The floor: a Bolt app that only echoes, behind its own aiohttp route.

`python -m tests.benchmarks.bare API_URL FILE` prints its port.
"""

from __future__ import annotations

import asyncio
import json
import re
import sqlite3
import sys
from typing import Any

from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from tests.benchmarks.client import SLACK

ANY = re.compile(".*", re.DOTALL)


class Durable:
    """Commits one row to disk with almost no other work: the minimum cost of a durable acknowledgement."""

    def __init__(self, path: str) -> None:
        self._conn = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._conn.execute("PRAGMA journal_mode=WAL")
        self._conn.execute("PRAGMA synchronous=FULL")
        self._conn.execute("CREATE TABLE IF NOT EXISTS promises (text TEXT)")

    async def commit(self, text: str) -> None:
        await asyncio.to_thread(self._conn.execute, "INSERT INTO promises VALUES (?)", (text,))


def echo(api_url: str, durable: Durable) -> AsyncApp:
    """Echo `/incident …`; commit a text that begins with `keep` first."""
    client = AsyncWebClient(token=SLACK.bot_token, base_url=api_url)
    app = AsyncApp(client=client, signing_secret=SLACK.signing_secret, process_before_response=True)

    async def on_event(body: dict[str, Any]) -> None:
        return

    async def on_command(ack: Any, command: dict[str, Any]) -> None:
        if command["text"].startswith("keep"):
            await durable.commit(command["text"])
        await ack(command["text"])

    async def on_action(ack: Any) -> None:
        await ack()

    app.event("message")(on_event)
    app.command(ANY)(on_command)
    app.action(ANY)(on_action)
    return app


async def serve(api_url: str, path: str) -> None:
    app = echo(api_url, Durable(path))

    async def route(request: web.Request) -> web.Response:
        return await to_aiohttp_response(await app.async_dispatch(await to_bolt_request(request)))

    site = web.Application()
    site.add_routes([web.post("/slack/events", route)])
    runner = web.AppRunner(site, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(json.dumps({"port": runner.addresses[0][1]}), flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], sys.argv[2]))
