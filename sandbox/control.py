"""Serves the sandbox's control API under `/sandbox/`, for its web UI and for tests in another process."""

import asyncio
import json
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import asdict
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web

from sandbox import actions, serializers
from sandbox.errors import NotVisible, SlackError
from sandbox.journal import CallRecord, DeliveryRecord, as_json
from sandbox.model import Json
from sandbox.slack_objects import user_object
from sandbox.text import view_text
from sandbox.workspace import Workspace

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
LOOPBACK = {"127.0.0.1", "localhost", "::1"}


class Control:
    """The handlers of the control API."""

    def __init__(self, ws: Workspace) -> None:
        self.ws = ws

    def routes(self, app: web.Application) -> None:
        """Add the routes to a server."""
        add = app.router.add_route
        for verb, path, handler in (
            ("GET", "/health", self.health),
            ("GET", "/state", self.state),
            ("GET", "/channels/{channel}/messages", self.messages),
            ("GET", "/channels/{channel}/threads/{ts}", self.thread),
            ("GET", "/channels/{channel}/text", self.text),
            ("POST", "/people", self.add_person),
            ("PATCH", "/people/{who}", self.change_person),
            ("GET", "/people/{who}/views", self.views),
            ("GET", "/people/{who}/home", self.home),
            ("GET", "/people/{who}/ephemerals", self.ephemerals),
            ("GET", "/people/{who}/unread", self.unread),
            ("GET", "/people/{who}/threads", self.threads),
            ("GET", "/people/{who}/search", self.search),
            ("POST", "/people/{who}/{act}", self.act),
            ("GET", "/calls", self.calls),
            ("GET", "/deliveries", self.deliveries),
            ("GET", "/faults", self.faults),
            ("POST", "/faults", self.add_fault),
            ("DELETE", "/faults", self.clear_faults),
            ("POST", "/faults/delivery", self.delivery_faults),
            ("POST", "/slack", self.slack),
            ("POST", "/token", self.token),
            ("POST", "/sockets", self.sockets),
            ("POST", "/clock", self.clock),
            ("POST", "/settings", self.settings),
            ("POST", "/events", self.publish),
            ("POST", "/settled", self.settled),
        ):
            add(verb, f"/sandbox{path}", self._safe(handler))
        add("GET", "/sandbox/stream", self.stream)

    def _safe(self, handler: Handler) -> Handler:
        async def answer(request: web.Request) -> web.StreamResponse:
            if not self._is_same_origin(request):
                return web.json_response({"ok": False, "error": "foreign_origin"}, status=403)
            try:
                response = await handler(request)
            except SlackError as refused:
                return web.json_response(refused.body(), status=409)
            except (NotVisible, LookupError) as missing:
                return web.json_response({"ok": False, "error": "no_such_thing", "detail": str(missing)}, status=404)
            except (TypeError, ValueError) as wrong:
                return web.json_response({"ok": False, "error": "bad_request", "detail": str(wrong)}, status=400)
            if self.ws.store is not None and request.method != "GET":
                await self.ws.store.commit()
            return response

        return answer

    def _is_same_origin(self, request: web.Request) -> bool:
        """Whether no other web site in the same browser made the request (DNS rebinding, cross-site requests)."""
        allowed = LOOPBACK | {self.ws.settings.host}
        if self.ws.settings.host in ("0.0.0.0", "::"):  # noqa: S104 - compared, not bound
            return True
        hosts = [urlsplit(f"//{request.host}").hostname]
        if origin := request.headers.get("Origin"):
            hosts.append(urlsplit(origin).hostname)
        return all(host in allowed for host in hosts)

    async def health(self, request: web.Request) -> web.Response:
        """Answer that the server is running."""
        return web.json_response({"ok": True})

    async def state(self, request: web.Request) -> web.Response:
        """Return people, channels, user groups, and the app with its connections."""
        return web.json_response(serializers.state_json(self.ws))

    async def messages(self, request: web.Request) -> web.Response:
        """Return a channel's messages, and the ephemeral ones of `viewer`."""
        channel = self.ws.channel(request.match_info["channel"])
        viewer = request.query.get("viewer")
        limit = int(request.query.get("limit", 200))
        before = request.query.get("before", "9999999999.999999")
        return web.json_response(serializers.timeline_json(self.ws, channel, viewer, before=before, limit=limit))

    async def thread(self, request: web.Request) -> web.Response:
        """Return a message and its replies."""
        message = self.ws.message(request.match_info["channel"], request.match_info["ts"])
        thread = [message, *self.ws.replies(message)]
        return web.json_response({"messages": [self.ws.slack_messages.message(m, metadata=True) for m in thread]})

    async def text(self, request: web.Request) -> web.Response:
        """Return a channel as plain text."""
        return web.Response(text=self.ws.text(request.match_info["channel"], request.query.get("viewer")))

    async def add_person(self, request: web.Request) -> web.Response:
        """Add a person: `name`, `real_name` and fields of a user."""
        person = self.ws.add_person(**await _json(request))
        return web.json_response({"ok": True, "user": user_object(person.user)})

    async def change_person(self, request: web.Request) -> web.Response:
        """Change fields of a person."""
        user = self.ws.change_user(request.match_info["who"], **await _json(request))
        return web.json_response({"ok": True, "user": user_object(user)})

    async def views(self, request: web.Request) -> web.Response:
        """Return a person's open modals, the visible one last."""
        stack = self.ws.person(request.match_info["who"]).open_views()
        views = [serializers.view_json(self.ws, view) | {"as_text": view_text(self.ws.state, view)} for view in stack]
        return web.json_response({"views": views})

    async def home(self, request: web.Request) -> web.Response:
        """Return a person's home tab."""
        view = self.ws.person(request.match_info["who"]).home()
        return web.json_response({"view": serializers.view_json(self.ws, view) if view else None})

    async def ephemerals(self, request: web.Request) -> web.Response:
        """Return a person's ephemeral messages."""
        ephemerals = self.ws.ephemerals(request.match_info["who"], request.query.get("channel"))
        return web.json_response({"ephemerals": [asdict(ephemeral) for ephemeral in ephemerals]})

    async def unread(self, request: web.Request) -> web.Response:
        """Return a person's unread counts by channel."""
        return web.json_response({"unread": serializers.unread_json(self.ws, self.ws.user(request.match_info["who"]))})

    async def threads(self, request: web.Request) -> web.Response:
        """Return the threads that a person takes part in."""
        return web.json_response(serializers.threads_json(self.ws, self.ws.user(request.match_info["who"])))

    async def search(self, request: web.Request) -> web.Response:
        """Return the messages that contain all words of `q`."""
        user = self.ws.user(request.match_info["who"])
        return web.json_response(serializers.search_json(self.ws, user, request.query.get("q", "")))

    async def act(self, request: web.Request) -> web.Response:
        """Perform an action as a person; see `actions.ACTIONS`."""
        person = self.ws.person(request.match_info["who"])
        name = request.match_info["act"]
        action = actions.ACTIONS.get(name)
        if action is None:
            raise NotVisible(f"there is no action {name!r}; the actions are: {sorted(actions.ACTIONS)}")
        return web.json_response(await action(self.ws, person, await _json(request)))

    async def calls(self, request: web.Request) -> web.Response:
        """Return the newest Web API calls, of one `method` or of all."""
        method = request.query.get("method")
        return _records(request, self.ws.calls(method))

    async def deliveries(self, request: web.Request) -> web.Response:
        """Return the newest payloads sent to the app, with their attempts."""
        return _records(request, self.ws.journal.deliveries)

    async def faults(self, request: web.Request) -> web.Response:
        """Return the active faults."""
        faults = self.ws.faults.as_json() | {"delivery": asdict(self.ws.delivery.faults)}
        refused = sorted(self.ws.state.refused_blocks)
        return web.json_response(faults | {"revoked": self.ws.revoked, "refused_blocks": refused})

    async def add_fault(self, request: web.Request) -> web.Response:
        """Add a fault for Web API calls (see `Fault`); `{"latency_s": 0.2}` alone delays all calls.

        `{"refused_blocks": ["data_table"]}` alone makes this workspace refuse blocks of these types.
        """
        options = await _json(request)
        if set(options) == {"refused_blocks"}:
            self.ws.state.refused_blocks = set(options["refused_blocks"])
            return web.json_response({"ok": True})
        if set(options) == {"latency_s"}:
            self.ws.faults.latency_s = float(options["latency_s"])
        else:
            self.ws.faults.add(**options)
        return web.json_response({"ok": True})

    async def clear_faults(self, request: web.Request) -> web.Response:
        """End all faults and outages."""
        await self.ws.come_back()
        self.ws.accept_token()
        self.ws.faults.clear()
        self.ws.state.refused_blocks.clear()
        self.ws.delivery.faults.clear()
        return web.json_response({"ok": True})

    async def delivery_faults(self, request: web.Request) -> web.Response:
        """Set faults for deliveries (see `DeliveryFaults`)."""
        faults = self.ws.delivery.faults
        for name, value in (await _json(request)).items():
            if not hasattr(faults, name):
                raise NotVisible(f"no delivery fault is called {name!r}")
            setattr(faults, name, value)
        if not faults.hold:
            self.ws.delivery.release()
        return web.json_response({"ok": True})

    async def slack(self, request: web.Request) -> web.Response:
        """Take Slack down or bring it back: `{"down": true}`."""
        if (await _json(request)).get("down"):
            await self.ws.go_down()
        else:
            await self.ws.come_back()
        return web.json_response({"ok": True})

    async def token(self, request: web.Request) -> web.Response:
        """Revoke the bot token: `{"revoked": true}`. Otherwise accept it again, or other secrets (see `SECRETS`)."""
        options = await _json(request)
        if options.pop("revoked", False):
            self.ws.revoke()
        else:
            self.ws.accept_token(**options)
        return web.json_response({"ok": True, "revoked": self.ws.revoked})

    async def sockets(self, request: web.Request) -> web.Response:
        """Disturb Socket Mode connections.

        `{"do": "drop"}` cuts them, `freeze` and `mute` leave them open without traffic, and
        `{"do": "disconnect", "reason": "warning"}` asks the app to reconnect.
        """
        options = await _json(request)
        if options.get("do") == "drop":
            self.ws.sockets.drop(only=options.get("only"))
        elif options.get("do") == "freeze":
            self.ws.sockets.freeze(only=options.get("only"))
        elif options.get("do") == "mute":
            self.ws.sockets.mute(only=options.get("only"))
        elif options.get("do") == "disconnect":
            await self.ws.sockets.disconnect(options.get("reason", "refresh_requested"), only=options.get("only"))
        return web.json_response({"ok": True, "connections": len(self.ws.sockets.connections)})

    async def clock(self, request: web.Request) -> web.Response:
        """Advance the clock: `{"advance": 3.1}` seconds."""
        self.ws.clock.advance(float((await _json(request)).get("advance", 0)))
        return web.json_response({"ok": True, "now": self.ws.clock.now()})

    async def settings(self, request: web.Request) -> web.Response:
        """Change `request_url`, `tiers` or `retry_delays_s` while running."""
        options = await _json(request)
        if "request_url" in options:
            self.ws.request_url = options["request_url"]
        if "tiers" in options:
            self.ws.rates.on = bool(options["tiers"])
        if "retry_delays_s" in options:
            self.ws.settings.retry_delays_s = tuple(float(wait) for wait in options["retry_delays_s"])
        return web.json_response({"ok": True})

    async def publish(self, request: web.Request) -> web.Response:
        """Deliver a hand-made event to the app."""
        self.ws.publish(await _json(request))
        return web.json_response({"ok": True})

    async def settled(self, request: web.Request) -> web.Response:
        """Wait until every event has reached the app; 504 when it takes too long."""
        try:
            await self.ws.settled(float(request.query.get("timeout", 10)))
        except TimeoutError:
            return web.json_response({"ok": False, "error": "timeout"}, status=504)
        return web.json_response({"ok": True})

    async def stream(self, request: web.Request) -> web.StreamResponse:
        """Stream changes over a WebSocket, one JSON object each; those after `?since=` first."""
        if not self._is_same_origin(request):
            return web.Response(status=403)
        socket = web.WebSocketResponse(heartbeat=20)
        await socket.prepare(request)
        queue: asyncio.Queue[Json] = asyncio.Queue()
        since = int(request.query.get("since", self.ws.journal.sequence))
        for entry in list(self.ws.journal.changes):
            if entry["seq"] > since:
                queue.put_nowait(entry)
        stop = self.ws.journal.listen(queue.put_nowait)
        sender = asyncio.get_running_loop().create_task(_pump(socket, queue))
        try:
            async for _ in socket:
                pass
        finally:
            sender.cancel()
            stop()
        return socket


async def _pump(socket: web.WebSocketResponse, queue: asyncio.Queue[Json]) -> None:
    while True:
        entry = await queue.get()
        await socket.send_str(json.dumps(entry))


async def _json(request: web.Request) -> Json:
    body = await request.read()
    value: Any = json.loads(body) if body.strip() else {}
    if not isinstance(value, dict):
        raise TypeError("the body must be a JSON object")
    return value


def _records(request: web.Request, records: Iterable[CallRecord | DeliveryRecord]) -> web.Response:
    limit = int(request.query.get("limit", 200))
    newest = deque(records, maxlen=limit)
    return web.Response(
        text=json.dumps({"records": [as_json(record) for record in newest]}, default=str),
        content_type="application/json",
    )
