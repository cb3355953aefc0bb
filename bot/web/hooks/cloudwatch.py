"""Receives CloudWatch's alarms from Amazon SNS at `POST /hooks/cloudwatch`, and confirms subscriptions.

Only messages of the topics that the settings list are taken. The bot sends requests to SNS's own hosts only.
"""

from __future__ import annotations

import json
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import aiohttp
import structlog
from aiohttp import web

from bot.integrations.alerts import sns
from bot.integrations.alerts.cloudwatch import SOURCE
from bot.metrics import Metrics
from bot.usecases.context import Context
from bot.web.hooks.body import BodyRefused
from bot.web.hooks.endpoint import Endpoint
from bot.web.hooks.origin import EXPECTED, Headers, Origin, by_token

log = structlog.get_logger()

Fetch = Callable[[str], Awaitable[bytes]]  # GETs an address that was checked; raises `FetchError`
LARGEST_MESSAGE = 512 * 1024  # SNS sends at most 256 KB: https://docs.aws.amazon.com/sns/latest/dg/sns-limits.html
LARGEST_ANSWER = 64 * 1024
FETCH_WITHIN_S = 10.0
KEPT_S = 3600.0  # a certificate
MOST_KEPT = 20


class FetchError(Exception):
    """SNS did not give the certificate, or did not confirm the subscription."""


class CloudWatchEndpoint(Endpoint):
    """The endpoint, whose messages are signed by SNS or come with the token."""

    def __init__(
        self, context: Context, topics: frozenset[str], tokens: Callable[[], str], metrics: Metrics, fetch: Fetch
    ) -> None:
        expected = f"a message of a topic in TOCSIN_SNS_TOPICS, signed by Amazon SNS; or {EXPECTED}"
        super().__init__(context, SOURCE, Origin(expected, by_token(tokens).by_header, self._is_signed), metrics)
        self._topics = topics
        self._fetch = fetch
        self._certificates: dict[str, tuple[float, bytes]] = {}  # by address, with when each was fetched

    async def take(self, request: web.Request, body: bytes) -> web.Response:
        """Confirm the subscription if that is what SNS asks for; then take the message."""
        message = _message(body)
        if message.get("Type") == "SubscriptionConfirmation":
            await self._confirm(message)
        return await super().take(request, body)

    async def _is_signed(self, headers: Headers, body: bytes) -> bool:
        message = _message(body)
        address = message.get("SigningCertURL")
        signed = message.get("Signature") and sns.signed_text(message) is not None
        if not signed or message.get("TopicArn") not in self._topics or not sns.is_certificates(address):
            return False
        try:
            certificate = await self._certificate(str(address))
        except FetchError as error:
            raise BodyRefused(503, f"the certificate of SNS cannot be fetched: {error}", "the same again") from None
        return sns.is_signed(message, certificate, datetime.now(UTC))

    async def _certificate(self, address: str) -> bytes:
        cached = self._certificates.get(address)
        if cached is not None and time.monotonic() - cached[0] < KEPT_S:
            return cached[1]
        certificate = await self._fetch(address)
        while len(self._certificates) >= MOST_KEPT:
            del self._certificates[next(iter(self._certificates))]
        self._certificates[address] = (time.monotonic(), certificate)
        return certificate

    async def _confirm(self, message: Mapping[str, Any]) -> None:
        """Confirm the subscription of a listed topic. Raises `BodyRefused`; SNS sends the same again after a 503."""
        address = message.get("SubscribeURL")
        if message.get("TopicArn") not in self._topics or not sns.is_amazons(address):
            raise BodyRefused(400, "`SubscribeURL` is no address of SNS, or the topic is not listed", SOURCE.expected)
        try:
            await self._fetch(str(address))
        except FetchError as error:
            raise BodyRefused(503, f"the subscription cannot be confirmed: {error}", "the same again") from None
        log.info("hook.subscribed", hook=SOURCE.name, topic=message.get("TopicArn"))


def fetch_from(origin: str | None = None) -> Fetch:
    """A function that GETs from SNS, without redirects. `origin` is a stand-in for SNS in tests."""

    async def fetch(url: str) -> bytes:
        path = "/" + url.split("://", 1)[1].partition("/")[2]
        where = url if origin is None else origin + path
        timeout = aiohttp.ClientTimeout(total=FETCH_WITHIN_S)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout) as session,
                session.get(where, allow_redirects=False) as answer,
            ):
                if answer.status != 200:
                    raise FetchError(f"SNS answered {answer.status}")
                return await answer.content.read(LARGEST_ANSWER)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise FetchError(type(error).__name__) from None

    return fetch


def _message(body: bytes) -> Mapping[str, Any]:
    """The SNS message in a body; empty if it is not one."""
    if len(body) > LARGEST_MESSAGE:
        return {}
    try:
        message = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return message if isinstance(message, dict) else {}
