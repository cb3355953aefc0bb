"""Vendors on this machine, answering as their documentation says: status codes, bodies, headers.

PagerDuty: https://developer.pagerduty.com/docs/events-api-v2/overview/ (response codes) and “Send an Alert Event”.
Twilio: https://www.twilio.com/docs/messaging/api/message-resource and its error dictionary.
"""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web


@dataclass(slots=True)
class Asked:
    """One request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    query: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True))


@dataclass(slots=True)
class Reply:
    """What to answer with; `drop` takes the request in and hangs up, `echo` quotes everything that came."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    drop: bool = False
    echo: bool = False
    wait_s: float = 0.0


@dataclass(slots=True)
class Double:
    """A vendor. `replies` are used up one by one, then `usual` answers for ever."""

    asked: list[Asked] = field(default_factory=list)
    replies: list[Reply] = field(default_factory=list)
    always: Reply | None = None
    url: str = ""

    def usual(self, asked: Asked) -> Reply:
        return Reply()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        asked = Asked(request.method, request.path, dict(request.headers), dict(request.query), body)
        self.asked.append(asked)
        reply = self.always or (self.replies.pop(0) if self.replies else self.usual(asked))
        if reply.wait_s:
            await asyncio.sleep(reply.wait_s)
        if reply.drop:
            assert request.transport is not None
            request.transport.close()
            return web.Response()
        if reply.echo:
            said = f"{body.decode()} {json.dumps(asked.headers)} {_decoded(asked)} {request.url}"
            everything = {"message": said, "errors": [said], "id": said, "sid": said, "dedup_key": said, "status": said}
            return web.json_response(everything, status=reply.status, headers=reply.headers)
        return web.json_response(reply.body, status=reply.status, headers=reply.headers)


def _decoded(asked: Asked) -> str:
    kind, _, value = asked.headers.get("Authorization", "").partition(" ")
    return base64.b64decode(value).decode() if kind == "Basic" else ""


class PagerDutyDouble(Double):
    """Keeps alerts by `dedup_key` as PagerDuty does, and answers 202."""

    def usual(self, asked: Asked) -> Reply:
        return Reply(
            202,
            {"status": "success", "message": "Event processed", "dedup_key": asked.json.get("dedup_key", "made-up")},
        )

    @property
    def events(self) -> list[dict[str, Any]]:
        return [asked.json for asked in self.asked]

    def of(self, action: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event["event_action"] == action]

    @property
    def alerts(self) -> dict[tuple[str, str], str]:
        """The state of each alert, by routing key and dedup key."""
        found: dict[tuple[str, str], str] = {}
        for event in self.events:
            place = (event["routing_key"], event["dedup_key"])
            if event["event_action"] == "trigger":
                found.setdefault(place, "triggered")
            elif place in found:
                found[place] = {"acknowledge": "acknowledged", "resolve": "resolved"}[event["event_action"]]
        return found


class TwilioDouble(Double):
    """Takes messages and lists them, newest first."""

    def usual(self, asked: Asked) -> Reply:
        if asked.method == "GET":
            return Reply(200, {"messages": self.listed(asked.query.get("To", "")), "page": 0, "page_size": 50})
        return Reply(201, self.resource(asked.form, len(self.posted)))

    @property
    def posted(self) -> list[dict[str, str]]:
        return [asked.form for asked in self.asked if asked.method == "POST"]

    def listed(self, to: str) -> list[dict[str, Any]]:
        there = [self.resource(form, n) for n, form in enumerate(self.posted, 1)]
        return [message for message in reversed(there) if message["to"] == to]

    def resource(self, form: dict[str, str], number: int) -> dict[str, Any]:
        """As in the documentation's example of creating a message."""
        return {
            "account_sid": "ACXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX",
            "api_version": "2010-04-01",
            "body": form["Body"],
            "date_created": "Thu, 24 Aug 2023 05:01:45 +0000",
            "date_sent": None,
            "direction": "outbound-api",
            "error_code": None,
            "error_message": None,
            "from": form.get("From"),
            "messaging_service_sid": form.get("MessagingServiceSid"),
            "num_segments": "1",
            "price": None,
            "sid": f"SM{number:032d}",
            "status": "queued",
            "to": form["To"],
        }

    @staticmethod
    def error(code: int, message: str, status: int = 400) -> Reply:
        more = f"https://www.twilio.com/docs/errors/{code}"
        return Reply(status, {"code": code, "message": message, "more_info": more, "status": status})


@asynccontextmanager
async def serving(double: Double) -> AsyncIterator[Double]:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", double.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    double.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield double
    finally:
        await runner.cleanup()
