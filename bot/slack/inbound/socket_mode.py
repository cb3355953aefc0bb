"""Connects to Slack by Socket Mode, over two sockets, each replaced before it ends or when it hangs.

When Slack announces the end of a connection, the SDK closes it before it opens the next one. What Slack sends in
between is lost, and commands are never repeated. The pool therefore opens the successor first and closes the old one
later.
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
FIRST_WAIT_S, LONGEST_WAIT_S = 0.5, 8.0  # between attempts to connect
GRACE_S = 8.0  # Slack warns about 10 s ahead
SILENT_PINGS = 3  # unanswered pings after which a connection counts as hanging
DRAIN_S = 3.0  # on shutdown; Slack waits no longer for an answer
# Slack delivers the bot's own posts back as events. After this many posts and seconds without any delivery, all
# connections are replaced, at most once in `REPLACE_EVERY_S`.
UNHEARD_POSTS, UNHEARD_AFTER_S, REPLACE_EVERY_S = 3, 30.0, 300.0
UNHEARD_GRACE_S = 1.0  # what Slack sends to such a connection is lost, so it closes once its successor is up
ENDING = frozenset({"warning", "refresh_requested"})


class Connection(SocketModeClient):
    """One socket. When Slack announces its end, it calls `retire` instead of reconnecting.

    `observe` receives the kind of each request and the seconds until it was answered.
    """

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
        self.heard_at = time.monotonic()  # the last frame of any kind
        self.delivered_at = 0.0  # the last request
        self.socket_mode_request_listeners.append(self._on_request)  # type: ignore[arg-type]  # the SDK's own shape

    async def enqueue_message(self, message: str) -> None:
        """Note that Slack sent something, then queue it (called by the SDK)."""
        self.heard_at = time.monotonic()
        await super().enqueue_message(message)

    def wedged(self) -> str | None:
        """Why the connection hangs though it looks open; None while it works, or was never open."""
        if self.last_ping_pong_time != self._pong:
            self._pong, self.heard_at = self.last_ping_pong_time, time.monotonic()
        if self.current_session is None:
            return None
        if any(task is not None and task.done() for task in (self.message_receiver, self.message_processor)):
            return "its reader has ended"
        silent_s = time.monotonic() - self.heard_at
        return f"silent for {silent_s:.0f} s" if silent_s > SILENT_PINGS * PING_S else None

    async def run_message_listeners(self, message: dict[str, Any], raw_message: str) -> None:
        """Retire on Slack's warning; leave all other messages to the SDK."""
        if message.get("type") == "disconnect" and str(message.get("reason")) in ENDING:
            self._retire(self)
            return
        await super().run_message_listeners(message, raw_message)

    async def _on_request(self, client: SocketModeClient, request: SocketModeRequest) -> None:
        """Answer on the connection that delivered the request. If it broke meanwhile, Slack delivers an event again."""
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
            answer = BoltResponse(status=200)  # acknowledged and dropped: it would be malformed next time, too
        try:
            await send_async_response(client, request, answer, started)
        except (aiohttp.ClientError, ConnectionError) as error:
            log.warning("socket.answer_lost", type=request.type, error=repr(error))
        self._observe("event" if request.type == "events_api" else "command_or_press", time.time() - started)

    def stop_reconnecting(self) -> None:
        """Let the connection end without a reconnection by the SDK, as its successor is open."""
        self.auto_reconnect_enabled = self.default_auto_reconnect_enabled = False


class SocketPool:
    """Keeps `CONNECTIONS` sockets open.

    `reconnected` is awaited after a time without any connection, since events may be missing. `rebuilt` is called
    whenever a hanging connection is replaced.
    """

    name = "sockets"

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
        self._posted_at: list[float] = []  # the last few posts
        self._replaced_at = -REPLACE_EVERY_S
        self._may_have_missed = False
        self._open_count = 0
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Start to connect and return at once. While Slack is down, the pool tries again."""
        self._open = [self._new() for _ in range(CONNECTIONS)]
        self._spawn(self._watch(), "socket watchdog")

    def use_token(self, app_token: str) -> None:
        """Connect with this token from now on; successors open before the present connections close."""
        self._token = app_token
        for connection in list(self._open):
            self._replace(connection)

    async def stop(self, within_s: float) -> None:
        """Finish the requests being answered, then close every connection."""
        for task in list(self._tasks):
            task.cancel()
        connections = (*self._open, *self._retired)
        try:
            async with asyncio.timeout(DRAIN_S):
                for connection in connections:
                    await connection.idle.wait()
        except TimeoutError:
            log.warning("socket.not_answered", hint="nothing to do: Slack repeats events, and people try again")
        await asyncio.gather(*(_close(connection) for connection in connections), return_exceptions=True)

    @property
    def open_count(self) -> int:
        """The number of connections that worked at the watchdog's last check."""
        return self._open_count

    async def connected_count(self) -> int:
        """The number of connections that work, checked now."""
        return sum([await connection.is_connected() and connection.wedged() is None for connection in self._open])

    def note_post(self) -> None:
        """Note that the bot posted a message, which Slack delivers back as an event."""
        self._posted_at = [*self._posted_at[1 - UNHEARD_POSTS :], time.monotonic()]

    def _new(self) -> Connection:
        connection = Connection(self._app, self._token, self._client, self._replace, self._observe)
        self._spawn(_connect(connection), "socket")
        return connection

    def _replace(self, old: Connection, grace_s: float | None = None) -> None:
        """Open the successor first. The old connection still answers its requests, and is closed after the grace."""
        if old not in self._open:
            return
        self._open[self._open.index(old)] = self._new()
        self._retired.append(old)
        old.stop_reconnecting()
        self._spawn(self._close_after_grace(old, GRACE_S if grace_s is None else grace_s), "socket grace")

    async def _close_after_grace(self, old: Connection, grace_s: float) -> None:
        await asyncio.sleep(grace_s)
        await _close(old)
        self._retired.remove(old)  # only now: a stop meanwhile closes it as well

    def _spawn(self, work: Any, name: str) -> None:
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _watch(self) -> None:
        """1. Check each connection. 2. Rebuild those that stay away or hang. 3. Have missed events fetched."""
        while True:
            await asyncio.sleep(WATCH_S)
            try:
                working = 0
                for index in range(CONNECTIONS):
                    working += await self._check(index)
                if working and self._receiving_nothing():
                    self._replace_all()
                elif working and self._may_have_missed:
                    log.info("socket.back")
                    self._may_have_missed = False
                    await self._reconnected()
                self._may_have_missed = self._may_have_missed or working == 0
                self._open_count = working
            except Exception:  # the watchdog must survive every failure
                log.exception("socket.watch_failed")

    async def _check(self, index: int) -> bool:
        """Whether the connection works. One that hangs, or stays away too long, is rebuilt."""
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
        """Replace a hanging connection at once. What Slack sent to it is lost, and is fetched afterwards."""
        log.warning("socket.wedged", connection=index, why=why, hint="it is rebuilt; nothing to do unless this repeats")
        self._rebuilt()
        old, self._open[index] = self._open[index], self._new()
        self._down_since.pop(index, None)
        self._may_have_missed = True
        self._spawn(_close(old), "socket close")

    def _receiving_nothing(self) -> bool:
        """Whether several posts of the bot's own did not come back as events, and nothing else was delivered since."""
        now = time.monotonic()
        if len(self._posted_at) < UNHEARD_POSTS or now - self._replaced_at < REPLACE_EVERY_S:
            return False
        delivered_at = max(connection.delivered_at for connection in (*self._open, *self._retired))
        return self._posted_at[0] > delivered_at and now - self._posted_at[0] > UNHEARD_AFTER_S

    def _replace_all(self) -> None:
        """Open successors before closing, as after Slack's warning: nothing is lost if the suspicion is wrong."""
        log.warning(
            "socket.receiving_nothing",
            hint="both connections are being replaced; check that the app is subscribed to its events",
        )
        self._replaced_at = time.monotonic()
        self._may_have_missed = True
        self._rebuilt()
        for connection in list(self._open):
            self._replace(connection, UNHEARD_GRACE_S)


async def _connect(connection: Connection) -> None:
    """Try until the first connection succeeds; from then on the SDK reconnects.

    The SDK raises AttributeError for an answer that is not JSON.
    """
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
    await connection.close()  # type: ignore[no-untyped-call]  # untyped in the SDK
