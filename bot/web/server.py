"""Listens on the HTTP port, as a service that starts and stops with the bot."""

from __future__ import annotations

from aiohttp import web

from bot.web.connection_limits import IDLE_FOR_S, LINGER_S, ConnectionLimiter, GuardedSite

SHUTDOWN_TIMEOUT_S = 5.0  # for requests that are under way


class HttpServer:
    """Listens on one port, behind the connection limits. `port` is the port in use, 0 before the start."""

    name = "http"

    def __init__(self, application: web.Application, limiter: ConnectionLimiter, host: str, port: int) -> None:
        self.host = host
        self.port = 0
        self.limiter = limiter
        self._wanted_port = port
        self._site: web.TCPSite | None = None
        self._runner = web.AppRunner(
            application, access_log=None, handler_cancellation=False, shutdown_timeout=SHUTDOWN_TIMEOUT_S,
            keepalive_timeout=IDLE_FOR_S, lingering_time=LINGER_S, auto_decompress=False,
        )  # fmt: skip

    async def start(self) -> None:
        """Listen, and set `port` to the one in use: with port 0 the system chooses it."""
        await self._runner.setup()
        self._site = GuardedSite(self._runner, self.limiter, self.host, self._wanted_port)
        await self._site.start()
        self.port = int(self._runner.addresses[0][1])

    async def stop(self, within_s: float) -> None:
        """Close the port and let running requests end. Connections that arrived at the last moment are dropped."""
        if self._site is not None:
            await self._site.stop()
        await self._runner.cleanup()
