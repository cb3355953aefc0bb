"""Slack's side with next to no cost of its own: requests made and signed beforehand, sent over kept-alive connections.

The client of the bot and of every baseline, so that what it costs is the same on both sides.
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


class Line(asyncio.Protocol):
    """One connection; one request at a time."""

    def __init__(self) -> None:
        self._got = bytearray()
        self._asked: asyncio.Future[tuple[int, bytes]] | None = None
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        if self._asked is not None and not self._asked.done():
            self._asked.set_exception(exc or ConnectionError("closed before the answer"))

    def data_received(self, data: bytes) -> None:
        self._got += data
        end = self._got.find(b"\r\n\r\n")
        if end < 0:
            return
        head = bytes(self._got[:end])
        length = next((int(h[15:]) for h in head.split(b"\r\n") if h[:15].lower() == b"content-length:"), 0)
        if len(self._got) < end + 4 + length or self._asked is None:
            return
        body = bytes(self._got[end + 4 : end + 4 + length])
        self._got.clear()
        self._asked.set_result((int(head[9:12]), body))

    async def ask(self, request: bytes) -> Answer:
        assert self._transport is not None
        self._asked = asyncio.get_running_loop().create_future()
        began = time.perf_counter()
        self._transport.write(request)
        status, body = await self._asked
        return Answer(status, body, time.perf_counter() - began)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()


@asynccontextmanager
async def lines(port: int, count: int = 1) -> AsyncIterator[list[Line]]:
    """`count` open connections."""
    loop = asyncio.get_running_loop()
    opened = [(await loop.create_connection(Line, "127.0.0.1", port))[1] for _ in range(count)]
    try:
        yield opened
    finally:
        for line in opened:
            line.close()


async def ask_all(port: int, requests: Sequence[bytes], at_once: int) -> list[Answer]:
    """All of them, `at_once` under way at any time, in order."""
    answers: list[Answer] = []
    left = iter(requests)

    async def work(line: Line) -> None:
        for request in left:
            answers.append(await line.ask(request))

    async with lines(port, at_once) as opened:
        await asyncio.gather(*(work(line) for line in opened))
    return answers


def command(text: str, channel: str = CHANNEL, user: str = USER) -> bytes:
    """`/incident text`, typed once: it has a trigger of its own."""
    payload = _common() | {
        "team_id": SLACK.team_id,
        "channel_id": channel,
        "user_id": user,
        "command": "/incident",
        "text": text,
        "response_url": "",
    }
    return signed(urlencode(payload).encode(), _FORM)


def press(action: str, value: str, channel: str, user: str = USER) -> bytes:
    """A button on a message."""
    payload = _common() | {
        "type": "block_actions",
        "team": {"id": SLACK.team_id, "domain": SLACK.team_domain},
        "user": {"id": user, "team_id": SLACK.team_id},
        "channel": {"id": channel, "name": "x"},
        "container": {"type": "message", "message_ts": "1.1", "channel_id": channel},
        "actions": [{"type": "button", "action_id": action, "block_id": "b", "value": value, "action_ts": "1.1"}],
    }
    return signed(urlencode({"payload": json.dumps(payload)}).encode(), _FORM)


def message(channel: str, text: str, ts: str, user: str = USER, retry: int = 0) -> bytes:
    """Somebody said something in a channel. The same `ts` is the same event."""
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
    return signed(json.dumps(payload).encode(), "application/json", more)


def _common() -> dict[str, Any]:
    return {
        "token": SLACK.verification_token,
        "api_app_id": SLACK.app_id,
        "trigger_id": f"{next(_count)}.{time.time_ns()}",
    }


def signed(body: bytes, content_type: str, more: dict[str, str] | None = None) -> bytes:
    """The whole request, as Slack would send it now: good for five minutes."""
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
