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
from slack_bolt.response import BoltResponse
from slack_sdk.errors import SlackApiError
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.inbound import payload_validation

log = structlog.get_logger()

CONNECTIONS = 2
PING_S = 4.0
WATCH_S = 1.0
WEDGED_AFTER_S = 10.0  # the SDK tries a used-up address for ever; a rebuilt connection asks for a new one
FIRST_WAIT_S, LONGEST_WAIT_S = 0.5, 8.0
GRACE_S = 8.0  # Slack warns about 10 s ahead
SILENT_PINGS = 3  # without an answer
ANSWERED_WITHIN_S = 3.0  # when we stop; Slack waits no longer
# What we post comes back as an event. Who speaks so often and hears nothing for so long listens at the wrong door.
SPOKEN, DEAF_AFTER_S, NOT_OFTENER_S = 3, 30.0, 300.0
DEAF_GRACE_S = 1.0  # what is sent to it is lost, so not longer than its successor needs
ENDING = frozenset({"warning", "refresh_requested"})


class Connection(SocketModeClient):
    """One socket. `retire` is called, instead of reconnecting at once, when Slack says that this one ends soon."""

    def __init__(
        self,
        app: AsyncApp,
        app_token: str,
        client: AsyncWebClient,
        retire: Callable[[Connection], None],
        observe: Callable[[str, float], None] = lambda kind, took_s: None,
    ) -> None:
        super().__init__(app_token=app_token, web_client=client, logger=app.logger, ping_interval=PING_S)
        self._app = app
        self._retire = retire
        self._observe = observe
        self._pong: float | None = None
        self._busy = 0
        self.idle = asyncio.Event()
        self.idle.set()
        self.heard_at = time.monotonic()  # anything at all
        self.delivered_at = 0.0  # something to answer
        self.socket_mode_request_listeners.append(self._on_request)  # type: ignore[arg-type]  # the SDK's own shape

    async def enqueue_message(self, message: str) -> None:
        self.heard_at = time.monotonic()
        await super().enqueue_message(message)

    def wedged(self) -> str | None:
        """Why it is as good as closed though it looks open; None while it lives, or was never open."""
        if self.last_ping_pong_time != self._pong:
            self._pong, self.heard_at = self.last_ping_pong_time, time.monotonic()
        if self.current_session is None:
            return None
        if any(task is not None and task.done() for task in (self.message_receiver, self.message_processor)):
            return "nobody reads it any more"
        silent_s = time.monotonic() - self.heard_at
        return f"silent for {silent_s:.0f} s" if silent_s > SILENT_PINGS * PING_S else None

    async def run_message_listeners(self, message: dict[str, Any], raw_message: str) -> None:
        if message.get("type") == "disconnect" and str(message.get("reason")) in ENDING:
            self._retire(self)
            return
        await super().run_message_listeners(message, raw_message)

    async def _on_request(self, client: SocketModeClient, request: SocketModeRequest) -> None:
        """Answer on the connection that asked. One that broke meanwhile cannot be answered: events come again."""
        self._busy += 1
        self.idle.clear()
        try:
            await self._answer(client, request)
        finally:
            self._busy -= 1
            if not self._busy:
                self.idle.set()

    async def _answer(self, client: SocketModeClient, request: SocketModeRequest) -> None:
        started = time.time()
        self.delivered_at = time.monotonic()
        if payload_validation.is_well_formed(request.payload):
            answer = await run_async_bolt_app(self._app, request)
        else:
            log.warning("socket.malformed", type=str(request.type)[:40])
            answer = BoltResponse(status=200)  # taken and dropped: it would be no better the next time
        try:
            await send_async_response(client, request, answer, started)
        except (aiohttp.ClientError, ConnectionError) as error:
            log.warning("socket.answer_lost", type=request.type, error=repr(error))
        self._observe("event" if request.type == "events_api" else "command_or_press", time.time() - started)

    def give_up_reconnecting(self) -> None:
        self.auto_reconnect_enabled = self.default_auto_reconnect_enabled = False


class SocketPool:
    """Keeps `CONNECTIONS` sockets open. `reconnected` is awaited after a time with none: something may be missing."""

    def __init__(
        self,
        app: AsyncApp,
        app_token: str,
        client: AsyncWebClient,
        reconnected: Callable[[], Awaitable[None]],
        observe: Callable[[str, float], None] = lambda kind, took_s: None,
        rebuilt: Callable[[], None] = lambda: None,
    ) -> None:
        self._observe = observe
        self._rebuilt = rebuilt
        self._app = app
        self._token = app_token
        self._client = client
        self._reconnected = reconnected
        self._open: list[Connection] = []
        self._retired: list[Connection] = []
        self._down_since: dict[int, float] = {}
        self._spoken: list[float] = []
        self._deaf_at = -NOT_OFTENER_S
        self._missed = False
        self._living = 0
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Begin to connect; a Slack that is down is tried again, it does not keep us from starting."""
        self._open = [self._new() for _ in range(CONNECTIONS)]
        self._go(self._keep(), "socket watchdog")

    async def stop(self) -> None:
        """Answer what was asked, then close."""
        for task in list(self._tasks):
            task.cancel()
        connections = (*self._open, *self._retired)
        try:
            async with asyncio.timeout(ANSWERED_WITHIN_S):
                for connection in connections:
                    await connection.idle.wait()
        except TimeoutError:
            log.warning("socket.not_answered", hint="nothing to do: events come again, people try again")
        await asyncio.gather(*(_close(connection) for connection in connections), return_exceptions=True)

    @property
    def open_count(self) -> int:
        """As last looked at."""
        return self._living

    async def connected_count(self) -> int:
        return sum([await one.is_connected() and one.wedged() is None for one in self._open])

    def note_post(self) -> None:
        """We said something that Slack delivers back to us."""
        self._spoken = [*self._spoken[1 - SPOKEN :], time.monotonic()]

    def _new(self) -> Connection:
        connection = Connection(self._app, self._token, self._client, self._replace, self._observe)
        self._go(_connect(connection), "socket")
        return connection

    def _replace(self, old: Connection, grace_s: float | None = None) -> None:
        """The successor first; the old one still answers what it was asked, and is closed after a while."""
        if old not in self._open:
            return
        self._open[self._open.index(old)] = self._new()
        self._retired.append(old)
        old.give_up_reconnecting()
        self._go(self._see_off(old, GRACE_S if grace_s is None else grace_s), "socket grace")

    async def _see_off(self, old: Connection, grace_s: float) -> None:
        await asyncio.sleep(grace_s)
        self._retired.remove(old)
        await _close(old)

    def _go(self, work: Any, name: str) -> None:
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _keep(self) -> None:
        """1. Look at each connection; 2. rebuild one that stays away or is dead; 3. have the gap filled afterwards."""
        while True:
            await asyncio.sleep(WATCH_S)
            try:
                up = 0
                for index in range(CONNECTIONS):
                    up += await self._look(index)
                if up and self._deaf():
                    self._all_anew()
                elif up and self._missed:
                    log.info("socket.back")
                    self._missed = False
                    await self._reconnected()
                self._missed = self._missed or up == 0
                self._living = up
            except Exception:  # the watchdog must outlive whatever it watches
                log.exception("socket.watch_failed")

    async def _look(self, index: int) -> bool:
        why = self._open[index].wedged()
        if why is None and await self._open[index].is_connected():
            self._down_since.pop(index, None)
            return True
        since = self._down_since.setdefault(index, time.monotonic())
        if why is None and time.monotonic() - since > WEDGED_AFTER_S:
            why = f"away for {WEDGED_AFTER_S:.0f} s"
        if why is not None:
            self._rebuild(index, why)
        return False

    def _rebuild(self, index: int, why: str) -> None:
        """What was sent into it is lost, so the gap is filled."""
        log.warning("socket.wedged", connection=index, why=why, hint="it is rebuilt; nothing to do unless this repeats")
        self._rebuilt()
        old, self._open[index] = self._open[index], self._new()
        self._down_since.pop(index, None)
        self._missed = True
        self._go(_close(old), "socket close")

    def _deaf(self) -> bool:
        """We spoke, more than once, and Slack, which delivers that to us, said nothing since."""
        now = time.monotonic()
        if len(self._spoken) < SPOKEN or now - self._deaf_at < NOT_OFTENER_S:
            return False
        heard_at = max(connection.delivered_at for connection in (*self._open, *self._retired))
        return self._spoken[0] > heard_at and now - self._spoken[0] > DEAF_AFTER_S

    def _all_anew(self) -> None:
        """Successors first, as when Slack asks for it: should we be wrong, nothing is lost."""
        log.warning("socket.deaf", hint="both connections are replaced; see that the app is subscribed to its events")
        self._deaf_at = time.monotonic()
        self._missed = True
        self._rebuilt()
        for connection in list(self._open):
            self._replace(connection, DEAF_GRACE_S)


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
