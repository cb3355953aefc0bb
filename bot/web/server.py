"""Listens on the HTTP port, as a service that starts and stops with the bot."""

from __future__ import annotations

import errno
import socket

from aiohttp import web

from bot.domain.errors import TocsinError
from bot.web.connection_limits import IDLE_FOR_S, LINGER_S, ConnectionLimiter, GuardedSite

_HOSTS = "Use 127.0.0.1, or 0.0.0.0 for every address of the machine."
SHUTDOWN_TIMEOUT_S = 5.0  # for requests that are under way


class ListenError(TocsinError):
    """The bot cannot listen at HOST and PORT; the message says what to change."""


def listen_problem(host: str, port: int, error: OSError) -> str:
    """The reason why a server cannot listen there, and how to fix it."""
    if isinstance(error, socket.gaierror):
        return f"HOST is {host}, which is neither an address nor a name of this machine. {_HOSTS}"
    if error.errno == errno.EADDRNOTAVAIL:
        return f"HOST is {host}, which is no address of this machine. {_HOSTS}"
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} of {host} is in use by another program. Stop that one, or set PORT to another."
    if error.errno in (errno.EACCES, errno.EPERM):
        return f"Port {port} may be used by root only. Set PORT to 1024 or more."
    return f"HTTP cannot listen on port {port} of {host}: {error.strerror or error}."


class HttpServer:
    """Listens on one port, behind the connection limits. `port` is the port in use, 0 before the start."""

    name = "http"

    def __init__(self, application: web.Application, limiter: ConnectionLimiter, host: str, port: int) -> None:
        self.host = host
        self.port = 0
        self.application = application
        self.limiter = limiter
        self._configured_port = port
        self._site: web.TCPSite | None = None
        self._runner = web.AppRunner(
            application, access_log=None, handler_cancellation=False, shutdown_timeout=SHUTDOWN_TIMEOUT_S,
            keepalive_timeout=IDLE_FOR_S, lingering_time=LINGER_S, auto_decompress=False,
        )  # fmt: skip

    @property
    def address(self) -> str | None:
        """The address on this machine, such as `http://127.0.0.1:3000`; None before the start."""
        host = "localhost" if self.host in ("0.0.0.0", "::", "") else self.host  # noqa: S104 - compared, not bound
        if not self.port:
            return None
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"

    async def start(self) -> None:
        """Listen, and set `port` to the one in use: with port 0 the system chooses it."""
        await self._runner.setup()
        self._site = GuardedSite(self._runner, self.limiter, self.host, self._configured_port)
        try:
            await self._site.start()
        except OSError as error:
            raise ListenError(listen_problem(self.host, self._configured_port, error)) from error
        self.port = int(self._runner.addresses[0][1])

    async def stop(self, within_s: float) -> None:
        """Close the port and let running requests end. Connections that arrived at the last moment are dropped."""
        if self._site is not None:
            await self._site.stop()
        await self._runner.cleanup()
