"""Answers on the HTTP port while the bot waits for what it cannot start without, and says what that is."""

from __future__ import annotations

from aiohttp import web

from bot.metrics import Metrics
from bot.web.connection_limits import ConnectionLimiter
from bot.web.server import HttpServer

STOPS_WITHIN_S = 1.0


class StartingServer:
    """The HTTP port before the start. It opens with the first `say`."""

    def __init__(self, host: str, port: int, metrics: Metrics) -> None:
        limiter = ConnectionLimiter(metrics)
        site = limiter.guard(web.Application())
        site.router.add_get("/healthz", self._healthz)
        site.router.add_get("/readyz", self._readyz)
        site.router.add_route("*", "/{rest:.*}", self._not_yet)
        self._server = HttpServer(site, limiter, host, port)
        self._waits_for = ""

    async def say(self, waits_for: str) -> None:
        """Open the port unless it is open, and say this to whoever asks."""
        first, self._waits_for = not self._waits_for, waits_for
        if first:
            await self._server.start()

    async def stop(self) -> None:
        """Close the port, so that the bot itself can open it."""
        self._server.limiter.close_all()
        await self._server.stop(STOPS_WITHIN_S)

    async def _healthz(self, request: web.Request) -> web.Response:
        return web.json_response({"ok": True})

    async def _readyz(self, request: web.Request) -> web.Response:
        return web.json_response({"ready": False, "checks": {"start": self._waits_for}}, status=503)

    async def _not_yet(self, request: web.Request) -> web.Response:
        return web.Response(status=503, text=f"Tocsin is starting: {self._waits_for}.\n")
