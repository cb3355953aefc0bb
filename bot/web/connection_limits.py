"""Limits the connections to the HTTP port and how long requests take to arrive, and adds response headers.

Anyone who can reach the port can open connections and send bytes slowly, or none. So a request's head and body each
have a time limit, and when there are too many connections, an idle one is closed.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any, cast

from aiohttp import web, web_response
from aiohttp.http_exceptions import HttpProcessingError

from bot.logs import Sampler
from bot.metrics import Metrics
from bot.web.refusals import Refusals

HEAD_WITHIN_S = 10.0  # a request's first line and headers
BODY_WITHIN_S = 10.0
IDLE_FOR_S = 75.0  # between two requests on one connection; longer than common load balancers keep theirs
LINGER_S = 2.0  # for bytes that are still arriving after a refusal
MOST_CONNECTIONS = 512
TURNS_TO_SET_UP = 3  # of the event loop, from the acceptance of a connection until its protocol knows it

# Pages that need more say so themselves.
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Server": "tocsin",  # no versions
}

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class ConnectionLimiter:
    """Limits the connections of one listener, and the time that their requests take to arrive."""

    def __init__(self, metrics: Metrics) -> None:
        self._refusals = Refusals(metrics)
        self.head_within_s = HEAD_WITHIN_S
        self.body_within_s = BODY_WITHIN_S
        self.most = MOST_CONNECTIONS
        self._open: dict[Any, GuardedConnection] = {}  # by transport; the oldest first

    @property
    def open_count(self) -> int:
        """The number of open connections."""
        return len(self._open)

    def guard(self, application: web.Application) -> web.Application:
        """Add the body's time limit and the response headers to this application. Returns it."""
        application.middlewares.append(cast("Any", self._middleware()))
        application.on_response_prepare.append(_add_headers)
        # A request that is not HTTP at all is answered before any of our hooks, and logged with a traceback each time.
        web_response.SERVER_SOFTWARE = HEADERS["Server"]  # type: ignore[attr-defined]
        logging.getLogger("aiohttp.server").addFilter(_shorten_parse_errors)
        return application

    def protocol(self, inner: asyncio.Protocol) -> asyncio.Protocol:
        """Wrap a connection's protocol."""
        return GuardedConnection(self, inner)

    def admit(self, connection: GuardedConnection) -> bool:
        """Admit a connection. If there is no room, close an idle one, or refuse this one if none is idle."""
        if len(self._open) >= self.most and not self._make_room():
            self.refuse("too many connections")
            return False
        self._open[connection.transport] = connection
        return True

    def remove(self, connection: GuardedConnection) -> None:
        """Forget a connection that is closed."""
        self._open.pop(connection.transport, None)

    def close_all(self) -> None:
        """Close every connection, at the end."""
        for connection in list(self._open.values()):
            connection.hang_up()

    def refuse(self, why: str) -> None:
        """Count a refusal, and log it now and then."""
        self._refusals.note(why)

    def _close(self, why: str, status: int, words: str) -> web.Response:
        self.refuse(why)
        answer = web.Response(status=status, text=f"Refused: {words}.")
        answer.force_close()
        return answer

    def _make_room(self) -> bool:
        """Close an idle connection that has sent no request yet, else the one that is idle longest.

        A load balancer's connections are old and in use, so they go last.
        """
        idle = [connection for connection in self._open.values() if not connection.in_request]
        if not idle:
            return False
        self.refuse("too many connections")
        min(idle, key=lambda connection: (connection.served, connection.idle_since)).hang_up()
        return True

    def _middleware(self) -> Callable[[web.Request, Handler], Awaitable[web.StreamResponse]]:
        @web.middleware
        async def within_time(request: web.Request, handler: Handler) -> web.StreamResponse:
            connection = self._open.get(request.transport)
            if connection is not None:
                connection.begin_request()
            try:
                waits = not request.content.is_eof() and request.match_info.http_exception is None
                if waits and not getattr(request.match_info.handler, "reads_body", False):
                    try:
                        async with asyncio.timeout(self.body_within_s):
                            await request.read()
                    except TimeoutError:
                        return self._close("too slow", 408, "the body took too long")
                    except ConnectionResetError:  # nobody reads the answer
                        return self._close("broken off", 400, "the body broke off")
                return await handler(request)
            finally:
                if connection is not None:
                    connection.end_request()

        return within_time


class GuardedConnection(asyncio.Protocol):
    """One connection, closed if a request's head takes too long. Bytes go to the server's own protocol."""

    def __init__(self, limiter: ConnectionLimiter, inner: asyncio.Protocol) -> None:
        self._limiter = limiter
        self._inner = inner
        self._timer: asyncio.TimerHandle | None = None
        self.transport: asyncio.Transport | None = None
        self.in_request = False
        self.served = False  # whether it has carried a request
        self.idle_since = time.monotonic()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Pass the connection on, or abort it if there is no room."""
        self.transport = cast("asyncio.Transport", transport)
        if not self._limiter.admit(self):
            self.transport.abort()
            self.transport = None
            return
        self._start_head_timer()
        self._inner.connection_made(transport)

    def data_received(self, data: bytes) -> None:
        """Pass data on; the time limit of the next request's head begins with its first byte."""
        if self.transport is None:
            return
        if not self.in_request and self._timer is None:  # the next request on a connection that was kept
            self._start_head_timer()
        self._inner.data_received(data)

    def eof_received(self) -> bool | None:
        """Pass the end of input on, unless the connection was refused."""
        return None if self.transport is None else self._inner.eof_received()

    def pause_writing(self) -> None:
        """Pass on that the peer reads too slowly."""
        self._inner.pause_writing()

    def resume_writing(self) -> None:
        """Pass on that the peer reads again."""
        self._inner.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """Free the connection's place and pass the loss on."""
        self._cancel_head_timer()
        if self.transport is None:
            return
        self._limiter.remove(self)
        self._inner.connection_lost(exc)

    def begin_request(self) -> None:
        """Note that a whole head has arrived."""
        self.in_request = True
        self._cancel_head_timer()

    def end_request(self) -> None:
        """Note that the request is answered, and the connection idle."""
        self.in_request = False
        self.served = True
        self.idle_since = time.monotonic()

    def hang_up(self) -> None:
        """Close the connection without an answer."""
        self._cancel_head_timer()
        self._limiter.remove(self)
        if self.transport is not None:
            self.transport.abort()

    def _start_head_timer(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(self._limiter.head_within_s, self._too_slow)

    def _cancel_head_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _too_slow(self) -> None:
        self._timer = None
        if not self.in_request:
            self._limiter.refuse("too slow")
            self.hang_up()


class GuardedSite(web.TCPSite):
    """A listener whose connections pass the limiter."""

    def __init__(self, runner: web.AppRunner, limiter: ConnectionLimiter, host: str, port: int) -> None:
        super().__init__(runner, host, port)
        self._limiter = limiter

    async def start(self) -> None:
        """Listen, with every connection guarded by the limiter."""
        await web.BaseSite.start(self)
        server = self._runner.server
        assert server is not None  # noqa: S101 - the runner was set up
        self._server = await asyncio.get_running_loop().create_server(
            lambda: self._limiter.protocol(cast("asyncio.Protocol", server())),
            self._host,
            self._port,
            backlog=self._backlog,
        )

    async def stop(self) -> None:
        """Stop listening. Connections that were accepted this very moment are set up first: asyncio would leak them."""
        loop = asyncio.get_running_loop()
        for listener in cast("asyncio.Server", self._server).sockets if self._server is not None else ():
            loop.remove_reader(listener)
        for _ in range(TURNS_TO_SET_UP):
            await asyncio.sleep(0)
        await super().stop()


_not_http = Sampler()


def _shorten_parse_errors(record: logging.LogRecord) -> bool:
    error = record.exc_info[1] if record.exc_info else None
    if isinstance(error, HttpProcessingError):
        if _not_http.take(type(error).__name__) is None:
            return False
        record.levelno, record.levelname = logging.WARNING, "WARNING"
        record.msg, record.args = "not HTTP: %s", (type(error).__name__,)
        record.exc_info = record.exc_text = None
    return True


async def _add_headers(request: web.BaseRequest, response: web.StreamResponse) -> None:
    for name, value in HEADERS.items():
        if name == "Server":
            response.headers[name] = value
        else:
            response.headers.setdefault(name, value)
