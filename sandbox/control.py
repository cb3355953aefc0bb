"""The control API under `/sandbox/`: everything a test or the page does and reads, from another process."""

import asyncio
import json
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import asdict
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web

from sandbox import actions, serializers
from sandbox.errors import NoSuchThing, SlackError
from sandbox.journal import CallRecord, DeliveryRecord, as_json
from sandbox.model import Json
from sandbox.slack_objects import user_object
from sandbox.text import view_text
from sandbox.workspace import Workspace

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
LOOPBACK = {"127.0.0.1", "localhost", "::1"}


class Control:
    """Routes of the control API."""

    def __init__(self, ws: Workspace) -> None:
        self.ws = ws

    def routes(self, app: web.Application) -> None:
        """Enter the routes."""
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
            if not self._from_here(request):
                return web.json_response({"ok": False, "error": "foreign_origin"}, status=403)
            try:
                response = await handler(request)
            except SlackError as refused:
                return web.json_response(refused.body(), status=409)
            except (NoSuchThing, LookupError) as missing:
                return web.json_response({"ok": False, "error": "no_such_thing", "detail": str(missing)}, status=404)
            except (TypeError, ValueError) as wrong:
                return web.json_response({"ok": False, "error": "bad_request", "detail": str(wrong)}, status=400)
            if self.ws.store is not None and request.method != "GET":
                await self.ws.store.commit()
            return response

        return answer

    def _from_here(self, request: web.Request) -> bool:
        """Other web pages the person has open must not reach the workspace."""
        known = LOOPBACK | {self.ws.settings.host}
        if self.ws.settings.host in ("0.0.0.0", "::"):  # noqa: S104 - compared, not bound
            return True
        named = [urlsplit(f"//{request.host}").hostname]
        if origin := request.headers.get("Origin"):
            named.append(urlsplit(origin).hostname)
        return all(name in known for name in named)

    async def health(self, request: web.Request) -> web.Response:
        """The workspace is up."""
        return web.json_response({"ok": True})

    async def state(self, request: web.Request) -> web.Response:
        """People, channels, user groups, what the app is and how it is connected."""
        return web.json_response(serializers.state(self.ws))

    async def messages(self, request: web.Request) -> web.Response:
        """A channel's timeline, and what only `viewer` sees."""
        channel = self.ws.channel(request.match_info["channel"])
        viewer = request.query.get("viewer")
        limit = int(request.query.get("limit", 200))
        before = request.query.get("before", "9999999999.999999")
        return web.json_response(serializers.timeline(self.ws, channel, viewer, before=before, limit=limit))

    async def thread(self, request: web.Request) -> web.Response:
        """A message and its replies."""
        channel = self.ws.channel(request.match_info["channel"])
        message = self.ws.state.message(channel.id, request.match_info["ts"])
        if message is None:
            raise NoSuchThing("no such message")
        whole = [message, *self.ws.replies(message)]
        return web.json_response({"messages": [self.ws.slack_messages.message(m, metadata=True) for m in whole]})

    async def text(self, request: web.Request) -> web.Response:
        """A channel as plain text."""
        return web.Response(text=self.ws.text(request.match_info["channel"], request.query.get("viewer")))

    async def add_person(self, request: web.Request) -> web.Response:
        """Let somebody in: `name`, `real_name` and fields of a user."""
        person = self.ws.add_person(**await _json(request))
        return web.json_response({"ok": True, "user": user_object(person.user)})

    async def change_person(self, request: web.Request) -> web.Response:
        """Change fields of a user."""
        user = self.ws.change_user(request.match_info["who"], **await _json(request))
        return web.json_response({"ok": True, "user": user_object(user)})

    async def views(self, request: web.Request) -> web.Response:
        """A person's open modals, the visible one last."""
        stack = self.ws.person(request.match_info["who"]).open_views()
        shapes = [serializers.view(self.ws, view) | {"as_text": view_text(self.ws.state, view)} for view in stack]
        return web.json_response({"views": shapes})

    async def home(self, request: web.Request) -> web.Response:
        """A person's home tab."""
        view = self.ws.person(request.match_info["who"]).home()
        return web.json_response({"view": serializers.view(self.ws, view) if view else None})

    async def ephemerals(self, request: web.Request) -> web.Response:
        """What only this person sees."""
        shown = self.ws.ephemerals(request.match_info["who"], request.query.get("channel"))
        return web.json_response({"ephemerals": [asdict(one) for one in shown]})

    async def unread(self, request: web.Request) -> web.Response:
        """What waits for a person, by channel: messages not read, and how many of them ring."""
        return web.json_response({"unread": serializers.unread(self.ws, self.ws.user(request.match_info["who"]))})

    async def threads(self, request: web.Request) -> web.Response:
        """The threads a person takes part in."""
        return web.json_response(serializers.threads(self.ws, self.ws.user(request.match_info["who"])))

    async def search(self, request: web.Request) -> web.Response:
        """Messages with all words of `q`."""
        user = self.ws.user(request.match_info["who"])
        return web.json_response(serializers.search(self.ws, user, request.query.get("q", "")))

    async def act(self, request: web.Request) -> web.Response:
        """Let a person do something; see `actions.ACTIONS`."""
        person = self.ws.person(request.match_info["who"])
        act = actions.ACTIONS.get(request.match_info["act"])
        if act is None:
            raise NoSuchThing(f"nobody can {request.match_info['act']}; there is: {sorted(actions.ACTIONS)}")
        return web.json_response(await act(self.ws, person, await _json(request)))

    async def calls(self, request: web.Request) -> web.Response:
        """Web API calls so far, `method` only, from number `since` on."""
        method = request.query.get("method")
        found: Iterable[CallRecord] = self.ws.journal.calls
        return _records(request, (call for call in found if method in (None, call.method)))

    async def deliveries(self, request: web.Request) -> web.Response:
        """Payloads that left for the app, with their attempts."""
        return _records(request, self.ws.journal.deliveries)

    async def faults(self, request: web.Request) -> web.Response:
        """The trouble in force."""
        return web.json_response(self.ws.faults.as_json() | {"delivery": asdict(self.ws.delivery.faults)})

    async def add_fault(self, request: web.Request) -> web.Response:
        """Trouble for calls (see `Fault`), or `{"latency_s": 0.2}` alone for all of them."""
        wanted = await _json(request)
        if set(wanted) == {"latency_s"}:
            self.ws.faults.latency_s = float(wanted["latency_s"])
        else:
            self.ws.faults.add(**wanted)
        return web.json_response({"ok": True})

    async def clear_faults(self, request: web.Request) -> web.Response:
        """Peace again."""
        await self.ws.come_back()
        self.ws.faults.clear()
        self.ws.delivery.faults.clear()
        return web.json_response({"ok": True})

    async def delivery_faults(self, request: web.Request) -> web.Response:
        """Trouble for deliveries (see `DeliveryFaults`)."""
        faults = self.ws.delivery.faults
        for name, value in (await _json(request)).items():
            if not hasattr(faults, name):
                raise NoSuchThing(f"no delivery fault is called {name!r}")
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

    async def sockets(self, request: web.Request) -> web.Response:
        """`{"do": "drop"}` cuts connections; `freeze` and `mute` leave them open, but nothing comes through.

        `{"do": "disconnect", "reason": "warning"}` asks them to go.
        """
        wanted = await _json(request)
        if wanted.get("do") == "drop":
            self.ws.sockets.drop(only=wanted.get("only"))
        elif wanted.get("do") == "freeze":
            self.ws.sockets.freeze(only=wanted.get("only"))
        elif wanted.get("do") == "mute":
            self.ws.sockets.mute(only=wanted.get("only"))
        elif wanted.get("do") == "disconnect":
            await self.ws.sockets.disconnect(wanted.get("reason", "refresh_requested"), only=wanted.get("only"))
        return web.json_response({"ok": True, "connections": len(self.ws.sockets.connections)})

    async def clock(self, request: web.Request) -> web.Response:
        """Let time pass: `{"advance": 3.1}`."""
        self.ws.clock.advance(float((await _json(request)).get("advance", 0)))
        return web.json_response({"ok": True, "now": self.ws.clock.now()})

    async def settings(self, request: web.Request) -> web.Response:
        """Change `request_url`, `tiers` or `retry_delays_s` while running."""
        wanted = await _json(request)
        if "request_url" in wanted:
            self.ws.request_url = wanted["request_url"]
        if "tiers" in wanted:
            self.ws.rates.on = bool(wanted["tiers"])
        if "retry_delays_s" in wanted:
            self.ws.settings.retry_delays_s = tuple(float(wait) for wait in wanted["retry_delays_s"])
        return web.json_response({"ok": True})

    async def publish(self, request: web.Request) -> web.Response:
        """Deliver a hand-made event to the app."""
        self.ws.publish(await _json(request))
        return web.json_response({"ok": True})

    async def settled(self, request: web.Request) -> web.Response:
        """Wait until every event has reached the app."""
        try:
            await self.ws.settled(float(request.query.get("timeout", 10)))
        except TimeoutError:
            return web.json_response({"ok": False, "error": "timeout"}, status=504)
        return web.json_response({"ok": True})

    async def stream(self, request: web.Request) -> web.StreamResponse:
        """A WebSocket of changes, one JSON each, from `?since=` on when given."""
        if not self._from_here(request):
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
