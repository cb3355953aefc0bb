"""Keeps connections to the mail server open between mails, so that many mails cost few connections."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any

import aiosmtplib

KEPT = 16  # connections that are open and idle; more are closed after their mail
MAILS_EACH = 100  # a usual limit of relays
IDLE_S = 5.0
GOODBYE_S = 1.0
CLOSING = 421  # the reply of a server that closes the connection


class Connection(aiosmtplib.SMTP):
    """A connection that knows whether the outcome of its mail is certain."""

    sent = 0  # mails
    handing_over = False  # the text of a mail is under way, and no reply has come

    async def data(self, message: str | bytes, /, **more: Any) -> aiosmtplib.SMTPResponse:
        """Send the text of the mail."""
        self.handing_over = True
        try:
            answer = await super().data(message, **more)
        except aiosmtplib.SMTPResponseException:
            self.handing_over = False
            raise
        self.handing_over = False
        self.sent += 1
        return answer

    @property
    def is_used(self) -> bool:
        """Whether it has carried a mail, so that the server may have closed it since."""
        return self.sent > 0


@dataclass(slots=True)
class SmtpPool:
    """Connections to one mail server, in one event loop. `opened` connects and logs in; its errors are the caller's."""

    opened: Callable[[], Awaitable[Connection]]
    _idle: list[tuple[Connection, float]] = field(default_factory=list)  # the last used at the end
    _timer: asyncio.TimerHandle | None = None
    _leaving: set[asyncio.Task[None]] = field(default_factory=set)

    async def send(self, message: EmailMessage) -> str:
        """Hand one mail over and return the server's reply. Raises what aiosmtplib raises, and `OutcomeUnknown`.

        What fails on a kept connection before the text of the mail is sent once more over a new one: servers close
        connections that were idle, or that carried many mails.
        """
        client = self._take_kept()
        if client is not None:
            with contextlib.suppress(_StaleConnection):
                return await self._send_over(client, message)
        return await self._send_over(await self.opened(), message)

    async def _send_over(self, client: Connection, message: EmailMessage) -> str:
        was_used = client.is_used
        try:
            _, reply = await client.send_message(message)
        except (aiosmtplib.SMTPResponseException, aiosmtplib.SMTPRecipientsRefused) as error:
            if _closes(error):
                client.close()
                if was_used and not client.handing_over:
                    raise _StaleConnection from None
            self._keep(client)
            raise
        except (aiosmtplib.SMTPServerDisconnected, OSError) as error:
            client.close()
            if client.handing_over:
                raise OutcomeUnknown(type(error).__name__) from None
            if was_used:
                raise _StaleConnection from None
            raise
        except BaseException:
            client.close()
            raise
        self._keep(client)
        return reply

    def _take_kept(self) -> Connection | None:
        while self._idle:
            client, _ = self._idle.pop()
            if client.is_connected:
                return client
            client.close()
        return None

    def _keep(self, client: Connection) -> None:
        if not client.is_connected:
            client.close()
        elif len(self._idle) >= KEPT or client.sent >= MAILS_EACH:
            self._leave(client)
        else:
            now = asyncio.get_running_loop().time()
            self._idle.append((client, now))
            self._look_later()

    def _look_later(self) -> None:
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(IDLE_S, self._look)

    def _look(self) -> None:
        """Close the connections that were idle for too long."""
        self._timer = None
        before = asyncio.get_running_loop().time() - IDLE_S
        late = [client for client, at in self._idle if at <= before]
        self._idle = [(client, at) for client, at in self._idle if at > before]
        for client in late:
            self._leave(client)
        if self._idle:
            self._look_later()

    def _leave(self, client: Connection) -> None:
        task = asyncio.get_running_loop().create_task(_goodbye(client), name="leave the mail server")
        self._leaving.add(task)
        task.add_done_callback(self._leaving.discard)

    async def close(self) -> None:
        """Close all idle connections; a later mail opens one again."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        for client, _ in self._idle:
            self._leave(client)
        self._idle.clear()
        if self._leaving:
            await asyncio.wait(set(self._leaving))


class OutcomeUnknown(Exception):
    """The connection broke while the mail was under way: nobody knows whether it arrived."""


class _StaleConnection(Exception):
    """The server has closed a kept connection; no mail was handed over."""


def _closes(error: aiosmtplib.SMTPException) -> bool:
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        return any(refusal.code == CLOSING for refusal in error.recipients)
    return isinstance(error, aiosmtplib.SMTPResponseException) and error.code == CLOSING


async def _goodbye(client: Connection) -> None:
    with contextlib.suppress(aiosmtplib.SMTPException, OSError, TimeoutError):
        async with asyncio.timeout(GOODBYE_S):
            await client.quit()
    client.close()
