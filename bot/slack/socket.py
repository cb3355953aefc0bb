"""Socket Mode: two connections that overlap, and a watchdog for the one that wedges."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

import structlog
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

log = structlog.get_logger()

CONNECTIONS = 2
PING_S = 4.0
WATCH_S = 1.0
WEDGED_AFTER_S = 30.0


class Sockets:
    """Keeps `CONNECTIONS` sockets open. `reconnected` is awaited after a time with none: something may be missing."""

    def __init__(
        self, app: AsyncApp, app_token: str, client: AsyncWebClient, reconnected: Callable[[], Awaitable[None]]
    ) -> None:
        self._app = app
        self._token = app_token
        self._client = client
        self._reconnected = reconnected
        self._handlers: list[AsyncSocketModeHandler] = []
        self._down_since: dict[int, float] = {}
        self._watch: asyncio.Task[None] | None = None
        self._connecting: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Begin to connect; a Slack that is down is tried again, it does not keep us from starting."""
        for index in range(CONNECTIONS):
            self._handlers.append(self._new())
            self._connect(index)
        self._watch = asyncio.create_task(self._keep(), name="socket watchdog")

    async def stop(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
        for task in self._connecting:
            task.cancel()
        for handler in self._handlers:
            await handler.close_async()  # type: ignore[no-untyped-call]  # Bolt does not say

    async def connected(self) -> int:
        return sum([await handler.client.is_connected() for handler in self._handlers])

    def _new(self) -> AsyncSocketModeHandler:
        return AsyncSocketModeHandler(self._app, self._token, web_client=self._client, ping_interval=PING_S)

    def _connect(self, index: int) -> None:
        connecting = self._handlers[index].connect_async()  # type: ignore[no-untyped-call]  # Bolt does not say
        task = asyncio.create_task(connecting, name=f"socket {index}")
        self._connecting.add(task)
        task.add_done_callback(self._connecting.discard)

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
        if await self._handlers[index].client.is_connected():
            self._down_since.pop(index, None)
            return True
        since = self._down_since.setdefault(index, time.monotonic())
        if time.monotonic() - since > WEDGED_AFTER_S:
            log.warning("socket.wedged", connection=index, mend="it is rebuilt; nothing to do unless this repeats")
            old, self._handlers[index] = self._handlers[index], self._new()
            self._down_since.pop(index, None)
            await old.close_async()  # type: ignore[no-untyped-call]  # Bolt does not say
            self._connect(index)
        return False
