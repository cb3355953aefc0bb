"""Answers on the HTTP port while the bot cannot start yet, and says what it waits for."""

from __future__ import annotations

from aiohttp import web

from bot.metrics import Metrics
from bot.web.connection_limits import ConnectionLimiter
from bot.web.server import HttpServer

STOPS_WITHIN_S = 1.0


class StartingServer:
    """Serves the HTTP port before the start. The first call of `report` opens the port."""

    def __init__(self, host: str, port: int, metrics: Metrics) -> None:
        limiter = ConnectionLimiter(metrics)
        site = limiter.guard(web.Application())
        site.router.add_get("/healthz", self._healthz)
        site.router.add_get("/readyz", self._readyz)
        site.router.add_route("*", "/{rest:.*}", self._refuse)
        self._server = HttpServer(site, limiter, host, port)
        self._reason = ""

    async def report(self, reason: str) -> None:
        """Open the port unless it is open, and answer every request with this reason."""
        first, self._reason = not self._reason, reason
        if first:
            await self._server.start()

    async def stop(self) -> None:
        """Close the port, so that the bot itself can open it."""
        self._server.limiter.close_all()
        await self._server.stop(STOPS_WITHIN_S)

    async def _healthz(self, request: web.Request) -> web.Response:
        return web.json_response({"ok": True})

    async def _readyz(self, request: web.Request) -> web.Response:
        return web.json_response({"ready": False, "checks": {"start": self._reason}}, status=503)

    async def _refuse(self, request: web.Request) -> web.Response:
        return web.Response(status=503, text=f"Tocsin is starting: {self._reason}.\n")
