"""Serves the bot's process, outbox and deadlines to the demo's inspector.

The inspector can also kill and start the bot here.
"""

from __future__ import annotations

import aiohttp
from aiohttp import web

from sandbox.bot_process import BotProcess
from sandbox.delivery import Delivery


class DemoPanel:
    """Serves the inspector's "Bot" tab, which the web UI shows while the demo runs."""

    def __init__(self, delivery: Delivery, bot: BotProcess, bot_url: str) -> None:
        self._delivery = delivery
        self._bot = bot
        self._url = bot_url

    def routes(self, app: web.Application) -> None:
        """Add the routes to the sandbox's server."""
        app.router.add_get("/sandbox/demo", self.state)
        app.router.add_get("/sandbox/demo/bot", self.debug)
        app.router.add_post("/sandbox/demo/kill", self.kill)
        app.router.add_post("/sandbox/demo/start", self.start)

    async def state(self, request: web.Request) -> web.Response:
        """Return whether the bot runs, and its process ID."""
        pid = self._bot.process.pid if self._bot.process is not None and self._bot.running else None
        return web.json_response({"bot": {"running": self._bot.running, "pid": pid}})

    async def debug(self, request: web.Request) -> web.Response:
        """Return the bot's outbox, deadlines and clock; status 503 while it cannot be asked."""
        try:
            timeout = aiohttp.ClientTimeout(total=2)
            async with aiohttp.ClientSession(timeout=timeout) as session, session.get(f"{self._url}/debug") as answer:
                return web.json_response(await answer.json())
        except (aiohttp.ClientError, TimeoutError):
            return web.json_response({"ok": False, "error": "bot_unreachable"}, status=503)

    async def kill(self, request: web.Request) -> web.Response:
        """Kill the bot."""
        await self._bot.kill()
        self._delivery.app_is_up()  # what waited for it to start fails, as it would in Slack
        return await self.state(request)

    async def start(self, request: web.Request) -> web.Response:
        """Start the bot. What people do until it is connected waits for it."""
        if not self._bot.running:
            self._delivery.app_starts()
        await self._bot.start()
        return await self.state(request)
