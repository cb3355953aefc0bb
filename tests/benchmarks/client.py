"""A cheap client that acts as Slack: requests are built and signed beforehand and sent over kept-alive connections.

The bot and every baseline get the same client, so that its cost is the same on both sides.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from sandbox.settings import Settings
from sandbox.transport import signature

SLACK = Settings()
USER, CHANNEL = "U0MAYA0000", "C0GENERAL0"
_FORM = "application/x-www-form-urlencoded"
_count = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: bytes
    took_s: float


class Connection(asyncio.Protocol):
    """One HTTP connection, with one request at a time."""

    def __init__(self) -> None:
        self._received = bytearray()
        self._response: asyncio.Future[tuple[int, bytes]] | None = None
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        if self._response is not None and not self._response.done():
            self._response.set_exception(exc or ConnectionError("closed before the answer"))

    def data_received(self, data: bytes) -> None:
        self._received += data
        end = self._received.find(b"\r\n\r\n")
        if end < 0:
            return
        head = bytes(self._received[:end])
        length = next((int(h[15:]) for h in head.split(b"\r\n") if h[:15].lower() == b"content-length:"), 0)
        if len(self._received) < end + 4 + length or self._response is None:
            return
        body = bytes(self._received[end + 4 : end + 4 + length])
        self._received.clear()
        self._response.set_result((int(head[9:12]), body))

    async def request(self, request: bytes) -> Answer:
        assert self._transport is not None
        self._response = asyncio.get_running_loop().create_future()
        began = time.perf_counter()
        self._transport.write(request)
        status, body = await self._response
        return Answer(status, body, time.perf_counter() - began)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()


@asynccontextmanager
async def connections(port: int, count: int = 1) -> AsyncIterator[list[Connection]]:
    """Open `count` connections."""
    loop = asyncio.get_running_loop()
    opened = [(await loop.create_connection(Connection, "127.0.0.1", port))[1] for _ in range(count)]
    try:
        yield opened
    finally:
        for connection in opened:
            connection.close()


async def request_all(port: int, requests: Sequence[bytes], at_once: int) -> list[Answer]:
    """Send all requests, in order, `at_once` at any time. Returns the answers in order of arrival."""
    answers: list[Answer] = []
    left = iter(requests)

    async def work(connection: Connection) -> None:
        for request in left:
            answers.append(await connection.request(request))

    async with connections(port, at_once) as opened:
        await asyncio.gather(*(work(connection) for connection in opened))
    return answers


def command(text: str, channel: str = CHANNEL, user: str = USER) -> bytes:
    """A signed `/incident text` with its own trigger ID."""
    payload = _common() | {
        "team_id": SLACK.team_id,
        "channel_id": channel,
        "user_id": user,
        "command": "/incident",
        "text": text,
        "response_url": "",
    }
    return signed_request(urlencode(payload).encode(), _FORM)


def press(action: str, value: str, channel: str, user: str = USER) -> bytes:
    """A signed press of a button on a message."""
    payload = _common() | {
        "type": "block_actions",
        "team": {"id": SLACK.team_id, "domain": SLACK.team_domain},
        "user": {"id": user, "team_id": SLACK.team_id},
        "channel": {"id": channel, "name": "x"},
        "container": {"type": "message", "message_ts": "1.1", "channel_id": channel},
        "actions": [{"type": "button", "action_id": action, "block_id": "b", "value": value, "action_ts": "1.1"}],
    }
    return signed_request(urlencode({"payload": json.dumps(payload)}).encode(), _FORM)


def message(channel: str, text: str, ts: str, user: str = USER, retry: int = 0) -> bytes:
    """A signed message event. The same `ts` means the same event."""
    payload = {
        "token": SLACK.verification_token,
        "team_id": SLACK.team_id,
        "api_app_id": SLACK.app_id,
        "type": "event_callback",
        "event_id": f"Ev{ts.replace('.', '')}",
        "event_time": int(float(ts)),
        "authorizations": [{"team_id": SLACK.team_id, "user_id": "U0TOCSIN00", "is_bot": True}],
        "event": {
            "type": "message",
            "channel": channel,
            "channel_type": "channel",
            "user": user,
            "text": text,
            "ts": ts,
            "event_ts": ts,
            "team": SLACK.team_id,
        },
    }
    more = {"x-slack-retry-num": str(retry), "x-slack-retry-reason": "http_timeout"} if retry else {}
    return signed_request(json.dumps(payload).encode(), "application/json", more)


def _common() -> dict[str, Any]:
    return {
        "token": SLACK.verification_token,
        "api_app_id": SLACK.app_id,
        "trigger_id": f"{next(_count)}.{time.time_ns()}",
    }


def signed_request(body: bytes, content_type: str, more: dict[str, str] | None = None) -> bytes:
    """The whole request as Slack would send it now; its signature is valid for five minutes."""
    now = str(int(time.time()))
    headers = {
        "Host": "127.0.0.1",
        "Content-Type": content_type,
        "Content-Length": str(len(body)),
        "User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
        "Accept": "*/*",
        "X-Slack-Request-Timestamp": now,
        "X-Slack-Signature": signature(SLACK.signing_secret, now, body),
        **(more or {}),
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"POST /slack/events HTTP/1.1\r\n{head}\r\n".encode() + body
