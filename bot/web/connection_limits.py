"""The door to the street: who may stay how long, what goes out with every answer, and what was asked before.

Anybody who can reach the port can open connections and send bytes slowly, or none. So a request's head and body each
have their time, and when too many stand in the door, whoever stood there longest without asking anything has to leave.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any, cast

import structlog
from aiohttp import web, web_response
from aiohttp.http_exceptions import HttpProcessingError

from bot.metrics import Metrics

log = structlog.get_logger()

HEAD_WITHIN_S = 10.0  # a request's first line and headers
BODY_WITHIN_S = 10.0
IDLE_FOR_S = 75.0  # between two requests on one connection; longer than common balancers keep theirs
LINGER_S = 2.0  # for what is still on its way after a refusal
MOST_CONNECTIONS = 512
MOST_REMEMBERED = 20_000

# Pages that need more of it say so themselves.
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Server": "tocsin",  # no versions
}

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Door:
    """Watches the connections of one listener."""

    def __init__(self, metrics: Metrics) -> None:
        self.metrics = metrics
        self.head_within_s = HEAD_WITHIN_S
        self.body_within_s = BODY_WITHIN_S
        self.most = MOST_CONNECTIONS
        self._standing: dict[Any, Standing] = {}

    def open_to(self, site: web.Application) -> web.Application:
        """Give this application the door's time-outs and headers."""
        site.middlewares.append(cast("Any", self._middleware()))
        site.on_response_prepare.append(_with_headers)
        # What is no HTTP at all is answered before any hook of ours, and logged with a traceback for each.
        web_response.SERVER_SOFTWARE = HEADERS["Server"]  # type: ignore[attr-defined]
        logging.getLogger("aiohttp.server").addFilter(_without_traceback)
        return site

    def protocol(self, inner: asyncio.Protocol) -> asyncio.Protocol:
        """A connection's protocol, watched."""
        return Standing(self, inner)

    def enter(self, one: Standing) -> bool:
        """Let a connection in; the one that has waited longest without asking leaves for it, where there is no room."""
        if len(self._standing) >= self.most and not self._make_room():
            self.refuse("too many connections")
            return False
        self._standing[one.transport] = one
        return True

    def leave(self, one: Standing) -> None:
        self._standing.pop(one.transport, None)

    def shut(self) -> None:
        """Nobody is answered any more: whoever came in at the last moment is sent away."""
        for one in list(self._standing.values()):
            one.hang_up()

    def refuse(self, why: str) -> None:
        self.metrics.refused.labels(why).inc()
        log.warning("request.refused", why=why)

    def _too_slow(self) -> web.Response:
        self.refuse("too slow")
        answer = web.Response(status=408, text="Refused: the body took too long.")
        answer.force_close()
        return answer

    def _make_room(self) -> bool:
        for one in self._standing.values():
            if not one.asked:
                self.refuse("too many connections")
                one.hang_up()
                return True
        return False

    def _middleware(self) -> Callable[[web.Request, Handler], Awaitable[web.StreamResponse]]:
        @web.middleware
        async def within_time(request: web.Request, handler: Handler) -> web.StreamResponse:
            standing = self._standing.get(request.transport)
            if standing is not None:
                standing.asking()
            try:
                if not request.content.is_eof() and request.match_info.http_exception is None:
                    try:
                        async with asyncio.timeout(self.body_within_s):
                            await request.read()
                    except TimeoutError:
                        return self._too_slow()
                return await handler(request)
            finally:
                if standing is not None:
                    standing.answered()

        return within_time


class Standing(asyncio.Protocol):
    """One connection. What comes is for the server's own protocol; a head that takes too long is hung up on."""

    def __init__(self, door: Door, inner: asyncio.Protocol) -> None:
        self._door = door
        self._inner = inner
        self._timer: asyncio.TimerHandle | None = None
        self.transport: asyncio.Transport | None = None
        self.asked = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        if not self._door.enter(self):
            self.transport.abort()
            self.transport = None
            return
        self._await_head()
        self._inner.connection_made(transport)

    def data_received(self, data: bytes) -> None:
        if self.transport is None:
            return
        if not self.asked and self._timer is None:  # the next request of a connection that was kept
            self._await_head()
        self._inner.data_received(data)

    def eof_received(self) -> bool | None:
        return None if self.transport is None else self._inner.eof_received()

    def pause_writing(self) -> None:
        self._inner.pause_writing()

    def resume_writing(self) -> None:
        self._inner.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        if self.transport is None:
            return
        self._door.leave(self)
        self._inner.connection_lost(exc)

    def asking(self) -> None:
        """A whole head has come."""
        self.asked = True
        self._stop_waiting()

    def answered(self) -> None:
        self.asked = False

    def hang_up(self) -> None:
        self._stop_waiting()
        self._door.leave(self)
        if self.transport is not None:
            self.transport.abort()

    def _await_head(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(self._door.head_within_s, self._too_slow)

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _too_slow(self) -> None:
        self._timer = None
        if not self.asked:
            self._door.refuse("too slow")
            self.hang_up()


class Site(web.TCPSite):
    """A listener behind the door."""

    def __init__(self, runner: web.AppRunner, door: Door, host: str, port: int) -> None:
        super().__init__(runner, host, port)
        self._door = door

    async def start(self) -> None:
        await web.BaseSite.start(self)
        server = self._runner.server
        assert server is not None  # noqa: S101 - the runner was set up
        self._server = await asyncio.get_running_loop().create_server(
            lambda: self._door.protocol(cast("asyncio.Protocol", server())),
            self._host,
            self._port,
            backlog=self._backlog,
        )


class Asked:
    """Signatures of requests that were let in, so that a recording of one cannot be played again.

    Slack repeats events only, and those carry an ID that is written down; for all else the same signature twice
    within five minutes is a balancer that tries again, or somebody else's doing.
    """

    def __init__(self, for_s: float = 600.0) -> None:
        self._for_s = for_s
        self._until: dict[str, float] = {}
        self._under_way: dict[str, asyncio.Event] = {}

    async def before(self, signature: str) -> bool:
        """Whether this one was taken before. One under way is waited for: if it comes to nothing, this is the first.

        Whoever is told False says with `ended` what came of it.
        """
        while (first := self._under_way.get(signature)) is not None:
            await first.wait()
        now = time.monotonic()
        while self._until and (len(self._until) >= MOST_REMEMBERED or next(iter(self._until.values())) < now):
            del self._until[next(iter(self._until))]
        if signature in self._until:
            return True
        self._under_way[signature] = asyncio.Event()
        return False

    def ended(self, signature: str, *, taken: bool) -> None:
        """What came to nothing may be sent again."""
        if taken:
            self._until[signature] = time.monotonic() + self._for_s
        self._under_way.pop(signature).set()


def _without_traceback(record: logging.LogRecord) -> bool:
    error = record.exc_info[1] if record.exc_info else None
    if isinstance(error, HttpProcessingError):
        record.levelno, record.levelname = logging.WARNING, "WARNING"
        record.msg, record.args = "not HTTP: %s", (type(error).__name__,)
        record.exc_info = record.exc_text = None
    return True


async def _with_headers(request: web.BaseRequest, response: web.StreamResponse) -> None:
    for name, value in HEADERS.items():
        if name == "Server":
            response.headers[name] = value
        else:
            response.headers.setdefault(name, value)
