"""Delivers the sandbox's payloads to the bot over HTTP, signed and timed out as by Slack."""

import hashlib
import hmac
import json
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import aiohttp

from sandbox.model import Json

CONNECTIONS = 200
TIMEOUT, FAILED, BAD_STATUS = "http_timeout", "connection_failed", "http_error"


@dataclass(frozen=True)
class Answer:
    """The app's answer. `error` is Slack's retry reason if the delivery failed; `body` is parsed JSON or text."""

    status: int | None = None
    body: Any = None
    error: str | None = None
    no_retry: bool = False

    @property
    def ok(self) -> bool:
        """Whether the app acknowledged the payload."""
        return self.error is None


@dataclass(frozen=True)
class Envelope:
    """One payload; its kind is `events_api`, `slash_commands` or `interactive`."""

    kind: str
    payload: Json


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """Return Slack's v0 signature of a request."""
    digest = hmac.new(secret.encode(), b"v0:" + timestamp.encode() + b":" + body, hashlib.sha256)
    return f"v0={digest.hexdigest()}"


class HttpTransport:
    """Posts payloads to the app's request URL."""

    def __init__(self, secret: str, timeout_s: float) -> None:
        self.secret = secret
        self.timeout_s = timeout_s
        self.url: str | None = None
        self._session: aiohttp.ClientSession | None = None

    async def send(self, envelope: Envelope, retry: int = 0, reason: str | None = None) -> Answer:
        """Deliver once. Failures are returned, not raised."""
        if self.url is None:
            return Answer(error=FAILED)
        body, content_type = _encode(envelope)
        headers = self._headers(body, content_type)
        if retry:
            headers |= {"x-slack-retry-num": str(retry), "x-slack-retry-reason": reason or "unknown_error"}
        try:
            async with self.session().post(self.url, data=body, headers=headers, timeout=self._timeout()) as response:
                return _answer(response, await response.read())
        except TimeoutError:
            return Answer(error=TIMEOUT)
        except aiohttp.TooManyRedirects:
            return Answer(error="too_many_redirects")
        except aiohttp.ClientSSLError:
            return Answer(error="ssl_error")
        except aiohttp.ClientError:
            return Answer(error=FAILED)

    def _timeout(self) -> aiohttp.ClientTimeout:
        """The time-out, which starts once a connection is free, so that a burst does not time out in the queue."""
        return aiohttp.ClientTimeout(total=None, sock_connect=self.timeout_s, sock_read=self.timeout_s)

    def _headers(self, body: bytes, content_type: str) -> dict[str, str]:
        timestamp = str(int(time.time()))
        return {
            "Content-Type": content_type,
            "User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
            "X-Slack-Request-Timestamp": timestamp,
            "X-Slack-Signature": signature(self.secret, timestamp, body),
        }

    def session(self) -> aiohttp.ClientSession:
        """Return the session that all deliveries share."""
        if self._session is None:
            connector = aiohttp.TCPConnector(limit=CONNECTIONS, keepalive_timeout=15)
            self._session = aiohttp.ClientSession(connector=connector, auto_decompress=True)
        return self._session

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None


def _encode(envelope: Envelope) -> tuple[bytes, str]:
    form = "application/x-www-form-urlencoded"
    if envelope.kind == "events_api":
        return json.dumps(envelope.payload).encode(), "application/json"
    if envelope.kind == "slash_commands":
        return urlencode(envelope.payload).encode(), form
    return urlencode({"payload": json.dumps(envelope.payload)}).encode(), form


def _answer(response: aiohttp.ClientResponse, raw: bytes) -> Answer:
    no_retry = response.headers.get("x-slack-no-retry") == "1"
    if not 200 <= response.status < 300:
        return Answer(response.status, error=BAD_STATUS, no_retry=no_retry)
    text = raw.decode("utf-8", "replace")
    if "json" in response.headers.get("content-type", ""):
        try:
            return Answer(response.status, json.loads(text) if text.strip() else None)
        except ValueError:
            return Answer(response.status, text)
    return Answer(response.status, text or None)
