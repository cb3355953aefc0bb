"""Doubles of the vendors that fail on demand: PagerDuty, Twilio and a mail server."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from aiohttp import web
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.integrations import mail
from tests.integrations.doubles import Asked, PagerDutyDouble, TwilioDouble


class FaultyVendor:
    """A vendor that may refuse a request, or accept it without an answer. `accepted` has requests with their times."""

    def __init__(self) -> None:
        super().__init__()
        self.accepted: list[tuple[float, Asked]] = []
        self.faults: list[str] = []

    async def handle(self, request: web.Request) -> web.StreamResponse:
        received = Asked(request.method, request.path, dict(request.headers), dict(request.query), await request.read())
        fault = self.faults.pop(0) if received.method == "POST" and self.faults else ""
        if fault == "refuse":
            return web.json_response({"message": "down for maintenance"}, status=503)
        if fault == "limit":
            return web.json_response({"message": "too many"}, status=429, headers={"Retry-After": "0.3"})
        if received.method == "POST" and fault != "hang_up":
            self.accepted.append((time.monotonic(), received))
        if fault in ("lose", "hang_up"):
            assert request.transport is not None
            request.transport.close()
            return web.Response()
        reply = self.usual(received)  # type: ignore[attr-defined]  # from the vendor's double
        return web.json_response(reply.body, status=reply.status)


class FaultyPagerDuty(FaultyVendor, PagerDutyDouble):
    pass


class FaultyTwilio(FaultyVendor, TwilioDouble):
    @property
    def posted(self) -> list[dict[str, str]]:
        return [request.form for _, request in self.accepted]


@dataclass(slots=True)
class Mailbox(mail.Post):
    """An SMTP server that fails on demand."""

    accepted_at: list[float] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        fault = self.faults.pop(0) if self.faults else ""
        if fault in ("refuse", "limit"):
            return "451 4.3.0 Try again later"
        self.hang_up = fault == "hang_up"
        reply = await mail.Post.handle_DATA(self, server, session, envelope)
        if reply.startswith("250 2.0.0"):
            self.accepted_at.append(time.monotonic())
        if fault == "lose":
            assert server.transport is not None
            server.transport.abort()  # type: ignore[attr-defined]
        return reply
