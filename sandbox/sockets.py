"""Serves Slack's Socket Mode in the sandbox: connections, the payloads sent over them, their acknowledgements."""

import asyncio
import itertools
import json
import logging
from collections.abc import Callable
from typing import Any
from uuid import uuid4

from aiohttp import WSMsgType, web

from sandbox.errors import SlackError
from sandbox.journal import Journal
from sandbox.model import Json
from sandbox.settings import Settings
from sandbox.transport import FAILED, TIMEOUT, Answer, Envelope

log = logging.getLogger(__name__)
MAX_CONNECTIONS = 10
SOCKET_REASONS = {TIMEOUT: "timeout", FAILED: "connection_failed"}


class Connection:
    """One open connection and the envelopes it has not acknowledged yet."""

    def __init__(self, socket: web.WebSocketResponse, number: int) -> None:
        self.socket = socket
        self.number = number
        self.pending: dict[str, asyncio.Future[Answer]] = {}
        self.draining = False
        self.frozen = False
        self.mute = False

    async def send(self, envelope: Json) -> None:
        """Send one frame; a frozen or muted connection loses it."""
        if not (self.frozen or self.mute):
            await self.socket.send_str(json.dumps(envelope))

    def fail(self) -> None:
        """Fail all unacknowledged envelopes."""
        for future in self.pending.values():
            if not future.done():
                future.set_result(Answer(error=FAILED))
        self.pending.clear()


class Sockets:
    """All Socket Mode connections of the app."""

    def __init__(self, settings: Settings, journal: Journal) -> None:
        self.settings = settings
        self.journal = journal
        self.base_url = ""
        self.tickets: set[str] = set()
        self.connections: list[Connection] = []
        self.refusing = False
        self.arrived = asyncio.Event()
        self.on_connect: Callable[[], None] = lambda: None
        self._turn = itertools.count()
        self._numbers = itertools.count(1)

    def ticket(self) -> str:
        """Issue a WebSocket URL that is valid for one connection. Raises `SlackError` during an outage."""
        if self.refusing:
            raise SlackError("internal_error")
        ticket = str(uuid4())
        self.tickets.add(ticket)
        query = f"ticket={ticket}&app_id={self.settings.app_id}"
        return f"{self.base_url.replace('http', 'ws', 1)}/link/?{query}"

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Serve one connection, from `hello` until it closes."""
        ticket = request.query.get("ticket", "")
        if self.refusing or ticket not in self.tickets:
            return web.Response(status=401)
        self.tickets.discard(ticket)
        socket = web.WebSocketResponse(heartbeat=None, autoping=True)
        try:
            await socket.prepare(request)
        except ConnectionResetError:  # the app gave up waiting, as on a busy machine, and connects anew
            return socket
        connection = Connection(socket, next(self._numbers))
        if len(self.connections) >= MAX_CONNECTIONS:
            await connection.send({"type": "disconnect", "reason": "too_many_websockets"})
            await socket.close()
            return socket
        self.connections.append(connection)
        pinger = asyncio.get_running_loop().create_task(self._ping(connection))
        try:
            await connection.send(self._hello())
            self.arrived.set()
            self.on_connect()
            self.journal.change("socket_opened", {"connections": len(self.connections)})
            await self._listen(connection)
        finally:
            pinger.cancel()
            if connection in self.connections:
                self.connections.remove(connection)
            connection.fail()
            self.journal.change("socket_closed", {"connections": len(self.connections)})
        return socket

    def _hello(self) -> Json:
        return {
            "type": "hello",
            "num_connections": len(self.connections),
            "debug_info": {
                "host": "applink-sandbox",
                "build_number": 1,
                "approximate_connection_time": 18060,
            },
            "connection_info": {"app_id": self.settings.app_id},
        }

    async def _ping(self, connection: Connection) -> None:
        while True:
            await asyncio.sleep(self.settings.ping_interval_s)
            if connection.frozen:
                continue
            try:
                await connection.socket.ping(b"Ping from applink-sandbox")
            except ConnectionError:
                return

    async def _listen(self, connection: Connection) -> None:
        async for frame in connection.socket:
            if frame.type != WSMsgType.TEXT:
                continue
            try:
                reply = json.loads(frame.data)
            except ValueError:
                log.warning("the app sent a frame that is not JSON: %.200s", frame.data)
                continue
            future = connection.pending.pop(str(reply.get("envelope_id")), None)
            if future is not None and not future.done():
                future.set_result(Answer(200, reply.get("payload")))

    async def send(self, envelope: Envelope, retry: int = 0, reason: str | None = None) -> Answer:
        """Deliver once over one of the connections, in turn.

        An event waits briefly for a connection, an interaction does not.
        """
        connection = await self._next(wait=envelope.kind == "events_api")
        if connection is None:
            return Answer(error=FAILED)
        envelope_id = str(uuid4())
        frame: dict[str, Any] = {
            "envelope_id": envelope_id,
            "payload": envelope.payload,
            "type": envelope.kind,
            "accepts_response_payload": envelope.kind != "events_api",
        }
        if envelope.kind == "events_api":
            frame |= {"retry_attempt": retry, "retry_reason": SOCKET_REASONS.get(reason or "", reason or "")}
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        connection.pending[envelope_id] = future
        try:
            await connection.send(frame)
            async with asyncio.timeout(self.settings.ack_timeout_s):
                return await future
        except TimeoutError:
            return Answer(error=TIMEOUT)
        except ConnectionError:
            return Answer(error=FAILED)
        finally:
            connection.pending.pop(envelope_id, None)

    async def _next(self, *, wait: bool) -> Connection | None:
        if not self._usable() and wait:
            self.arrived.clear()
            try:
                async with asyncio.timeout(self.settings.ack_timeout_s):
                    await self.arrived.wait()
            except TimeoutError:
                return None
        usable = self._usable()
        return usable[next(self._turn) % len(usable)] if usable else None

    def _usable(self) -> list[Connection]:
        return [c for c in self.connections if not c.draining and not c.socket.closed]

    async def disconnect(self, reason: str = "refresh_requested", *, only: int | None = None) -> None:
        """Ask the app to reconnect: after a `warning` the connection stays open for a while, else it closes at once.

        `only` limits it to the first connections.
        """
        for connection in list(self.connections[:only]):
            frame = {"type": "disconnect", "reason": reason, "debug_info": {"host": "applink-sandbox"}}
            await connection.send(frame)
            if reason == "warning":
                asyncio.get_running_loop().call_later(self.settings.disconnect_warning_s, self._cut, connection)
                continue
            connection.draining = True
            await connection.socket.close()

    def drop(self, *, only: int | None = None) -> int:
        """Cut connections without notice. Returns how many."""
        cut = list(self.connections[:only])
        for connection in cut:
            self._cut(connection)
        return len(cut)

    def freeze(self, *, only: int | None = None) -> None:
        """Keep connections open but stop all traffic; not even pings are answered."""
        for connection in self.connections[:only]:
            connection.frozen = True
            if (transport := _transport(connection)) is not None:
                transport.pause_reading()

    def mute(self, *, only: int | None = None) -> None:
        """Keep connections open and answer pings, but lose everything sent to the app."""
        for connection in self.connections[:only]:
            connection.mute = True

    def _cut(self, connection: Connection) -> None:
        connection.draining = True
        if (transport := _transport(connection)) is not None:
            transport.abort()
        connection.fail()

    async def close(self) -> None:
        """End every connection."""
        self.refusing = True
        for connection in list(self.connections):
            if connection.frozen:
                self._cut(connection)
                continue
            connection.fail()
            await connection.socket.close()


def _transport(connection: Connection) -> asyncio.Transport | None:
    return connection.socket._req.transport if connection.socket._req else None
