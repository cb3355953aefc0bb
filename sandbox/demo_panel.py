"""The demo's own routes: whether the bot lives, killing and starting it, and what it says of its outbox."""

from __future__ import annotations

import aiohttp
from aiohttp import web

from sandbox.bot_process import BotProcess


class Panel:
    """Stands on the sandbox's server while the demo runs; the page shows it where it answers."""

    def __init__(self, bot: BotProcess, bot_url: str) -> None:
        self._bot = bot
        self._url = bot_url

    def routes(self, app: web.Application) -> None:
        app.router.add_get("/sandbox/demo", self.state)
        app.router.add_get("/sandbox/demo/bot", self.inside)
        app.router.add_post("/sandbox/demo/kill", self.kill)
        app.router.add_post("/sandbox/demo/start", self.start)

    async def state(self, request: web.Request) -> web.Response:
        pid = self._bot.process.pid if self._bot.process is not None and self._bot.running else None
        return web.json_response({"bot": {"running": self._bot.running, "pid": pid}})

    async def inside(self, request: web.Request) -> web.Response:
        """As the bot tells it; empty while it does not run."""
        try:
            timeout = aiohttp.ClientTimeout(total=2)
            async with aiohttp.ClientSession(timeout=timeout) as session, session.get(f"{self._url}/inside") as answer:
                return web.json_response(await answer.json())
        except (aiohttp.ClientError, TimeoutError):
            return web.json_response({"outbox": [], "deadlines": []})

    async def kill(self, request: web.Request) -> web.Response:
        await self._bot.kill()
        return await self.state(request)

    async def start(self, request: web.Request) -> web.Response:
        await self._bot.start()
        return await self.state(request)
