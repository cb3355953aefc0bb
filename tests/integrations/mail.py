"""A real SMTP server on this machine, with or without TLS and passwords, which refuses on request."""

from __future__ import annotations

import asyncio
import ssl
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

CERTIFICATE = Path(__file__).with_name("localhost.pem")


@dataclass(slots=True)
class Post:
    """What was handed over. `refuse` maps a step (`RCPT`, `MAIL`, `DATA`) to the reply; `hang_up` leaves in DATA.

    `abort_after_taking` takes one mail and leaves without a word; `leave_at_mail` leaves at the beginning of one.
    """

    port: int = 0
    password: str | None = None
    refuse: dict[str, str] = field(default_factory=dict)
    hang_up: bool = False
    abort_after_taking: bool = False
    leave_at_mail: bool = False
    refuse_once: dict[str, str] = field(default_factory=dict)  # as `refuse`, one time each
    connections: int = 0  # that were opened
    open: int = 0  # that still are
    farewells: int = 0  # connections that ended with QUIT
    envelopes: list[Envelope] = field(default_factory=list)
    encrypted: list[bool] = field(default_factory=list)
    parsed: list[tuple[Envelope, EmailMessage]] = field(default_factory=list)

    @property
    def mails(self) -> list[EmailMessage]:
        """Each is parsed once: aiosmtpd reads every attribute of its handler, this one too, at each connection."""
        for envelope in self.envelopes[len(self.parsed) :] if self._grown() else self._anew():
            assert isinstance(envelope.content, bytes)
            self.parsed.append((envelope, message_from_bytes(envelope.content, policy=default)))
        return [mail for _, mail in self.parsed]

    def _grown(self) -> bool:
        """Whether what was parsed is still the beginning of what was handed over."""
        known, kept = len(self.parsed), self.parsed[-1][0] if self.parsed else None
        return known <= len(self.envelopes) and (kept is None or self.envelopes[known - 1] is kept)

    def _anew(self) -> list[Envelope]:
        self.parsed.clear()
        return self.envelopes

    def _refused(self, step: str) -> str | None:
        return self.refuse_once.pop(step, None) or self.refuse.get(step)

    # aiosmtpd calls these.

    async def handle_QUIT(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        self.farewells += 1
        return "221 Bye"

    async def handle_MAIL(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: Any) -> str:
        if self.leave_at_mail:
            self.leave_at_mail = False
            assert isinstance(server.transport, asyncio.Transport)
            server.transport.abort()
        if refused := self._refused("MAIL"):
            return refused
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: Any) -> str:
        if refused := self._refused("RCPT"):
            return refused
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if self.hang_up:
            self.hang_up = False
            assert isinstance(server.transport, asyncio.Transport)
            server.transport.abort()
            return "250 never seen"
        if "DATA" in self.refuse:
            return self.refuse["DATA"]
        self.envelopes.append(envelope)
        assert server.transport is not None
        self.encrypted.append(server.transport.get_extra_info("sslcontext") is not None)
        if self.abort_after_taking:
            self.abort_after_taking = False
            assert isinstance(server.transport, asyncio.Transport)
            server.transport.abort()
        return f"250 2.0.0 OK queued as {len(self.envelopes)}"

    def login(self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
        assert isinstance(data, LoginPassword)
        good = data.password == (self.password or "").encode()
        return AuthResult(success=good, handled=False)


def server_side() -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(CERTIFICATE)
    return context


def client_side() -> ssl.SSLContext:
    """Trusts the test's own certificate."""
    return ssl.create_default_context(cafile=str(CERTIFICATE))


class _Counted(SMTP):
    """Counts the connections. `live` has those that are open."""

    post: Post
    live: set[_Counted]

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if self.transport is None:  # STARTTLS makes it a second time
            self.post.connections += 1
            self.post.open += 1
            self.live.add(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        self.post.open -= 1
        self.live.discard(self)
        super().connection_lost(error)


@asynccontextmanager
async def post_office(
    post: Post | None = None, *, starttls: bool = False, tls: bool = False, password: str | None = None
) -> AsyncIterator[Post]:
    post = post or Post(password=password)
    live: set[_Counted] = set()
    how: dict[str, Any] = {"tls_context": server_side(), "require_starttls": True} if starttls else {}
    if password is not None:
        how |= {"authenticator": post.login, "auth_required": True, "auth_require_tls": starttls}

    def make() -> SMTP:
        with warnings.catch_warnings():
            # aiosmtpd wants STARTTLS for passwords; here TLS is around the whole connection, or this is loopback.
            warnings.simplefilter("ignore", UserWarning)
            made = _Counted(post, enable_SMTPUTF8=True, hostname="localhost", loop=asyncio.get_running_loop(), **how)
        made.post, made.live = post, live
        return made

    server = await asyncio.get_running_loop().create_server(make, "127.0.0.1", 0, ssl=server_side() if tls else None)
    post.port = server.sockets[0].getsockname()[1]
    try:
        yield post
    finally:
        server.close()
        await server.wait_closed()
        await _end(live)


async def _end(live: set[_Counted]) -> None:
    """Close the connections whose client has gone a moment ago, or has not said goodbye."""
    for connection in list(live):
        if isinstance(connection.transport, asyncio.Transport):
            connection.transport.abort()
    for _ in range(3):  # turns of the event loop until it has closed them
        await asyncio.sleep(0)
