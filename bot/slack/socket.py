"""Socket Mode: two connections that overlap, a successor before a connection ends, and a watchdog for one that wedges.

The SDK closes a connection that Slack asks it to leave before it opens the next; what Slack sent in between is lost,
and commands are never repeated. So a connection here is replaced first and closed when it has been idle for a while.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import structlog
from slack_bolt.adapter.socket_mode.async_internals import run_async_bolt_app, send_async_response
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.web.async_client import AsyncWebClient

log = structlog.get_logger()

CONNECTIONS = 2
PING_S = 4.0
WATCH_S = 1.0
WEDGED_AFTER_S = 10.0  # the SDK tries a used-up address for ever; a rebuilt connection asks for a new one
FIRST_WAIT_S, LONGEST_WAIT_S = 0.5, 8.0
GRACE_S = 8.0  # Slack warns about 10 s ahead
ENDING = frozenset({"warning", "refresh_requested"})


class Connection(SocketModeClient):
    """One socket. `retire` is called, instead of reconnecting at once, when Slack says that this one ends soon."""

    def __init__(
        self, app: AsyncApp, app_token: str, client: AsyncWebClient, retire: Callable[[Connection], None]
    ) -> None:
        super().__init__(app_token=app_token, web_client=client, logger=app.logger, ping_interval=PING_S)
        self._app = app
        self._retire = retire
        self.socket_mode_request_listeners.append(self._on_request)  # type: ignore[arg-type]  # the SDK's own shape

    async def run_message_listeners(self, message: dict[str, Any], raw_message: str) -> None:
        if message.get("type") == "disconnect" and message.get("reason") in ENDING:
            self._retire(self)
            return
        await super().run_message_listeners(message, raw_message)

    async def _on_request(self, client: SocketModeClient, request: SocketModeRequest) -> None:
        """Answer on the connection that asked. One that broke meanwhile cannot be answered: events come again."""
        started = time.time()
        answer = await run_async_bolt_app(self._app, request)
        try:
            await send_async_response(client, request, answer, started)
        except (aiohttp.ClientError, ConnectionError) as error:
            log.warning("socket.answer_lost", type=request.type, error=repr(error))

    def give_up_reconnecting(self) -> None:
        self.auto_reconnect_enabled = self.default_auto_reconnect_enabled = False


class Sockets:
    """Keeps `CONNECTIONS` sockets open. `reconnected` is awaited after a time with none: something may be missing."""

    def __init__(
        self, app: AsyncApp, app_token: str, client: AsyncWebClient, reconnected: Callable[[], Awaitable[None]]
    ) -> None:
        self._app = app
        self._token = app_token
        self._client = client
        self._reconnected = reconnected
        self._open: list[Connection] = []
        self._retired: list[Connection] = []
        self._down_since: dict[int, float] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Begin to connect; a Slack that is down is tried again, it does not keep us from starting."""
        self._open = [self._new() for _ in range(CONNECTIONS)]
        self._go(self._keep(), "socket watchdog")

    async def stop(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        for connection in (*self._open, *self._retired):
            await _close(connection)

    async def connected(self) -> int:
        return sum([await connection.is_connected() for connection in self._open])

    def _new(self) -> Connection:
        connection = Connection(self._app, self._token, self._client, self._replace)
        self._go(_connect(connection), "socket")
        return connection

    def _replace(self, old: Connection) -> None:
        """The successor first; the old one still answers what it was asked, and is closed after a while."""
        if old not in self._open:
            return
        self._open[self._open.index(old)] = self._new()
        self._retired.append(old)
        old.give_up_reconnecting()
        self._go(self._see_off(old), "socket grace")

    async def _see_off(self, old: Connection) -> None:
        await asyncio.sleep(GRACE_S)
        self._retired.remove(old)
        await _close(old)

    def _go(self, work: Any, name: str) -> None:
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _keep(self) -> None:
        """1. Look at each connection; 2. rebuild one that stays away; 3. after none at all, have the gap filled."""
        gap = False
        while True:
            await asyncio.sleep(WATCH_S)
            try:
                up = 0
                for index in range(CONNECTIONS):
                    up += await self._look(index)
                if gap and up:
                    log.info("socket.back")
                    await self._reconnected()
                gap = up == 0
            except Exception:  # the watchdog must outlive whatever it watches
                log.exception("socket.watch_failed")

    async def _look(self, index: int) -> bool:
        if await self._open[index].is_connected():
            self._down_since.pop(index, None)
            return True
        since = self._down_since.setdefault(index, time.monotonic())
        if time.monotonic() - since > WEDGED_AFTER_S:
            log.warning("socket.wedged", connection=index, mend="it is rebuilt; nothing to do unless this repeats")
            old, self._open[index] = self._open[index], self._new()
            self._down_since.pop(index, None)
            await _close(old)
        return False


async def _connect(connection: Connection) -> None:
    """Until it stands once; then the SDK keeps it. AttributeError: it stumbles over an answer that is no JSON."""
    wait_s = FIRST_WAIT_S
    while not connection.closed:
        try:
            await connection.connect_to_new_endpoint()
        except (SlackApiError, aiohttp.ClientError, OSError, TimeoutError, AttributeError) as error:
            log.warning("socket.not_opened", error=str(error)[:200], again_in_s=wait_s)
        else:
            return
        await asyncio.sleep(wait_s)
        wait_s = min(LONGEST_WAIT_S, wait_s * 2)


async def _close(connection: Connection) -> None:
    await connection.close()  # type: ignore[no-untyped-call]  # the SDK does not say
