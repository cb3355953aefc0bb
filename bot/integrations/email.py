"""Sends pages (calls to a person to respond) as e-mail over SMTP.

The connection is encrypted, unless the server is on this machine or the operator chose `smtp+plain://`.
"""

from __future__ import annotations

import asyncio
import hashlib
import html
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import parseaddr
from urllib.parse import unquote, urlsplit

import aiosmtplib

from bot.domain.errors import DeliveryError
from bot.integrations import http
from bot.integrations.mail import Mail, build
from bot.integrations.mail_message import (
    BREAKS,
    check_headers,
    new_message,
    one_line,
    parsed_address,
    recipient_address,
)
from bot.integrations.protocol import Page, Receipt
from bot.integrations.smtp_pool import Connection, OutcomeUnknown, SmtpPool

VENDOR = "the mail server"
STEP_S = 10.0
WHOLE_S = 20.0  # shorter than the outbox's lease
PORTS = {"smtp": 587, "smtps": 465, "smtp+plain": 25}
_NOT_OFFERED = (aiosmtplib.SMTPException, aiosmtplib.SMTPNotSupported)  # raised as such for a missing extension
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class Server:
    """The mail server and how to reach it. `start_tls`: fail rather than continue unencrypted."""

    host: str
    port: int
    use_tls: bool
    start_tls: bool
    user: str | None = None
    password: str | None = field(default=None, repr=False)

    @classmethod
    def of(cls, url: str) -> Server:
        """Parse `SMTP_URL`: `smtp://` uses STARTTLS except on this machine, `smtps://` TLS, `smtp+plain://` neither.

        Raises `ValueError`, which does not quote the URL: it may contain a password.
        """
        expected = "expected smtp://user:password@host:587, smtps://… or smtp+plain://…"
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            raise ValueError(expected) from None
        if parts.scheme not in PORTS or not parts.hostname or parts.path.strip("/") or parts.query:
            raise ValueError(expected)
        return cls(
            host=parts.hostname,
            port=port or PORTS[parts.scheme],
            use_tls=parts.scheme == "smtps",
            start_tls=parts.scheme == "smtp" and parts.hostname not in _LOOPBACK,
            user=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password) if parts.password else None,
        )


def sender_of(text: str) -> Address:
    """Parse `Tocsin <tocsin@example.org>` or a plain address. Raises `ValueError` if it is invalid."""
    name, address = parseaddr(text)
    if BREAKS.search(text):
        raise ValueError("expected one line")
    return parsed_address(name, address)


@dataclass(slots=True)
class Email:
    """Sends each page at least once. The Message-ID stays the same, so most mail programs show a repeat once."""

    server: Server
    sender: Address
    context: ssl.SSLContext | None = None  # None: the system's certificate authorities
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    _pool: SmtpPool = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._pool = SmtpPool(self._open)

    async def send(self, page: Page) -> Receipt:
        """Send one page. A 5xx reply is a permanent failure, 4xx is not; without a reply the outcome is uncertain."""
        return await self._deliver(self.message(page))

    async def send_mail(self, mail: Mail) -> Receipt:
        """Send one mail that is no page; errors as for `send`."""
        return await self._deliver(build(mail, self.sender, self.now()))

    async def close(self) -> None:
        """Disconnect from the mail server. A later mail connects again."""
        await self._pool.close()

    async def _deliver(self, message: EmailMessage) -> Receipt:
        check_headers(message)
        try:
            async with asyncio.timeout(WHOLE_S):
                return await self._hand_over(message)
        except TimeoutError:
            raise DeliveryError(f"{VENDOR} did not answer in time", uncertain=True) from None

    async def _open(self) -> Connection:
        client = Connection(
            hostname=self.server.host, port=self.server.port, username=self.server.user, password=self.server.password,
            use_tls=self.server.use_tls, start_tls=self.server.start_tls, timeout=STEP_S, tls_context=self.context,
            local_hostname=self.sender.domain,
        )  # fmt: skip
        try:
            await self._connect(client)
        except BaseException:
            client.close()
            raise
        return client

    async def _connect(self, client: aiosmtplib.SMTP) -> None:
        """Connect and log in. The message is not sent yet, so no failure here is uncertain."""
        try:
            await client.connect()
        except aiosmtplib.SMTPAuthenticationError as error:
            raise self._reply_error("refuses the user or the password; check SMTP_URL", error.code) from None
        except aiosmtplib.SMTPResponseException as error:
            raise self._reply_error("refuses the connection", error.code) from None
        except (aiosmtplib.SMTPException, TimeoutError, OSError) as error:
            if type(error) in _NOT_OFFERED:
                problem = f"{VENDOR} offers no STARTTLS, or no login that we know; try smtps://, or smtp+plain://"
                raise DeliveryError(problem, permanent=True) from None
            if isinstance(error.__cause__, ssl.SSLError) or isinstance(error, ssl.SSLError):
                raise DeliveryError(f"the certificate of {VENDOR} is not trusted", permanent=True) from None
            raise DeliveryError(f"could not connect to {VENDOR} ({type(error).__name__})") from None

    async def _hand_over(self, message: EmailMessage) -> Receipt:
        try:
            reply = await self._pool.send(message)
        except aiosmtplib.SMTPRecipientsRefused as error:
            code = max((refusal.code for refusal in error.recipients), default=550)
            raise self._reply_error("refuses the recipient", code) from None
        except aiosmtplib.SMTPSenderRefused as error:
            raise self._reply_error("refuses the sender; check MAIL_FROM", error.code) from None
        except aiosmtplib.SMTPNotSupported:
            raise DeliveryError(f"{VENDOR} takes no addresses beyond ASCII", permanent=True) from None
        except aiosmtplib.SMTPResponseException as error:
            raise self._reply_error("refuses the message", error.code) from None
        except OutcomeUnknown as error:
            raise DeliveryError(f"the connection to {VENDOR} broke ({error})", uncertain=True) from None
        except (aiosmtplib.SMTPException, OSError) as error:
            raise DeliveryError(f"the connection to {VENDOR} broke ({type(error).__name__})") from None
        return Receipt(VENDOR, str(message["Message-ID"]), self._clean(" ".join(reply.split()))[:200])

    def _reply_error(self, problem: str, code: int) -> DeliveryError:
        """The error of a reply: 4xx is temporary, 5xx permanent (RFC 5321, 4.2.1)."""
        return DeliveryError(f"{VENDOR} {problem} ({code})", permanent=code >= 500)

    def _clean(self, detail: str) -> str:
        return http.without(detail, (self.server.password or "",))

    def message(self, page: Page) -> EmailMessage:
        """The message as text and HTML. No value can inject a header."""
        to = recipient_address(page.person.name, page.person.email or "")
        message = new_message(self.sender, to, page.headline, self.now(), page.key, thread(page))
        message["Importance"] = "high"
        message["X-Priority"] = "1"
        message.set_content(text(page))
        message.add_alternative(markup(page), subtype="html")
        return message


def thread(page: Page) -> str:
    """The ID of the thread: the same for every mail about an incident, in any severity and episode."""
    about = f"{page.incident}:{page.declared_at.isoformat()}"
    return f"{page.incident.lower()}.{hashlib.sha256(about.encode()).hexdigest()[:16]}"


def text(page: Page) -> str:
    """The plain-text part: headline, facts, what to do, and the links, one a line."""
    lines = [f"You are paged{page.count}: {page.headline}", ""]
    lines += [f"{name}: {value}" for name, value in _facts(page)]
    lines += [""] + ([f"Acknowledge without Slack: {page.acknowledge}"] if page.acknowledge else [])
    room = page.console or page.link
    lines += [_what_to_do(page), *([room] if room else [])]
    lines += [f"Join the call: {page.bridge}"] if page.bridge else []
    return "\n".join(BREAKS.sub(" ", line) for line in lines) + "\n"


def markup(page: Page) -> str:
    """The HTML part, with the same content as `text`; every value is escaped."""
    facts = "".join(
        f"<tr><td><b>{html.escape(name)}</b></td><td>{html.escape(one_line(value))}</td></tr>"
        for name, value in _facts(page)
    )
    room, title = (page.console, "Open the incident") if page.console else (page.link, "Open the channel in Slack")
    link = f'<p><a href="{html.escape(room)}">{title}</a></p>' if room else ""
    if page.acknowledge:
        link = f'<p><a href="{html.escape(page.acknowledge)}">Acknowledge without Slack</a></p>{link}'
    call = f'<p><a href="{html.escape(page.bridge)}">Join the call</a></p>' if page.bridge else ""
    return (
        '<!DOCTYPE html><html lang="en"><body style="font-family:sans-serif">'
        f"<p>You are paged{html.escape(page.count)}:</p><h2>{html.escape(one_line(page.headline))}</h2>"
        f"<table>{facts}</table><p>{html.escape(_what_to_do(page))}</p>{link}{call}</body></html>\n"
    )


def _facts(page: Page) -> list[tuple[str, str]]:
    declared = page.declared_at.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
    facts = [("Severity", page.severity), ("Status", page.status), ("Why you", page.why)]
    return [(name, value) for name, value in facts if value] + ([] if page.private else [("Declared", declared)])


def _what_to_do(page: Page) -> str:
    if page.slack_down and not page.alert:
        advice = (
            "the link above stops the paging"
            if page.acknowledge
            else f"stop the paging with: tocsin ack {page.incident}"
        )
        if page.private:
            return f"This incident is private, so nothing more is said here. Slack is down: {advice}."
        return f"Slack is down: {advice}." + (" Until it is back, the incident is run here:" if page.console else "")
    if page.private:
        return "This incident is private, so nothing more is said here. Open Slack and press I'm on it."
    if page.alert:
        return "Open Slack and act on its card: Declare, Attach to…, Dismiss or Silence…. That stops the paging."
    return "Open Slack and press I'm on it: that stops the paging. Can't calls the next person at once."
