"""Receives alerts at `POST /hooks/<source>`, the same way for every source.

The answer comes after the commit. A 5xx or a 429 asks the sender to send the same again.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import datetime

import structlog
from aiohttp import web

from bot.domain.alerts.alert import AlertBatch
from bot.integrations.alerts.protocol import MOST_ALERTS, Delivery, Source, TooManyAlerts, UnreadableBody
from bot.metrics import Metrics
from bot.usecases.alerts.receive import Receipt, receive_alerts
from bot.usecases.context import Context
from bot.web.hooks.body import BodyRefused, parse, read_body
from bot.web.hooks.origin import Origin
from bot.web.refusals import Refusals
from storage.engine.errors import StorageError

log = structlog.get_logger()

MOST_AT_ONCE = 32  # authentic requests of one source whose bodies are in memory; more are asked to come again
# A body up to this size is read without one of these places, so that nobody without a secret can occupy them all.
SMALL_BODY = 512 * 1024
AGAIN_AFTER_S = 5
REASONS = 20  # of rejected alerts, in one answer


class Endpoint:
    """The endpoint of one source."""

    def __init__(self, context: Context, source: Source, origin: Origin, metrics: Metrics) -> None:
        self._context = context
        self._source = source
        self._origin = origin
        self._metrics = metrics
        self._refusals = Refusals(metrics)
        self._slots = asyncio.Semaphore(MOST_AT_ONCE)
        self._unproven_slots = asyncio.Semaphore(MOST_AT_ONCE)  # large bodies whose signatures are not verified yet

    def routes(self, methods: Iterable[str] = ("POST",)) -> list[web.RouteDef]:
        """The route for each of these methods."""

        async def hook(request: web.Request) -> web.Response:
            return await self._answer_request(request)

        hook.reads_body = True  # type: ignore[attr-defined]  # bot.web.connection_limits reads other bodies before
        return [web.route(method, f"/hooks/{self._source.name}", hook) for method in methods]

    async def _answer_request(self, request: web.Request) -> web.Response:
        by_header = self._origin.by_header(request.headers)
        if not by_header and self._origin.by_body is None:
            return self._refuse_unauthenticated(request)
        try:
            if by_header:
                async with _place(self._slots):
                    return await self.take(request, await self._body(request))
            body = await self._unproven_body(request)
            if not await self._has_valid_signature(request, body):
                return self._refuse_unauthenticated(request)
            async with _place(self._slots):
                return await self.take(request, body)
        except BodyRefused as error:
            self._refusals.note(str(error), remote=request.remote, hook=self._source.name)
            answer = _refusal(error.status, str(error), error.expected)
            if error.status == 429:
                answer.headers["Retry-After"] = str(AGAIN_AFTER_S)
            return answer

    async def _unproven_body(self, request: web.Request) -> bytes:
        if 0 <= (request.content_length or -1) <= SMALL_BODY:
            return await self._body(request)
        async with _place(self._unproven_slots):
            return await self._body(request)

    async def _body(self, request: web.Request) -> bytes:
        return await read_body(request, forms=self._source.forms, any_type=self._source.any_type)

    async def _has_valid_signature(self, request: web.Request, body: bytes) -> bool:
        return self._origin.by_body is not None and await self._origin.by_body(request.headers, body)

    def _refuse_unauthenticated(self, request: web.Request) -> web.Response:
        self._refusals.note("bad token", remote=request.remote, hook=self._source.name)
        answer = _refusal(401, "bad token or signature", self._origin.expected)
        answer.headers["WWW-Authenticate"] = 'Bearer realm="tocsin"'
        return answer

    async def take(self, request: web.Request, body: bytes) -> web.Response:
        """Parse an authenticated body and store its alerts. Raises `BodyRefused`."""
        headers = {name.lower(): value for name, value in request.headers.items()}
        began = time.monotonic()
        try:
            now = self._context.clock.now()
            batch = await asyncio.to_thread(_parse, self._source, body, request.content_type, headers, now)
        except TooManyAlerts as error:
            raise BodyRefused(413, str(error), f"at most {MOST_ALERTS} alerts") from None
        except UnreadableBody as error:
            raise BodyRefused(400, str(error), error.expected) from None
        except ValueError:
            raise BodyRefused(400, "the body is no JSON", self._source.expected) from None
        try:
            receipt = await receive_alerts(self._context, batch)
        except StorageError as error:
            self._metrics.not_recorded.labels("alerts").inc()
            log.warning("hook.not_recorded", hook=self._source.name, error=str(error))
            return web.json_response({"error": "not recorded, send it again"}, status=503)
        self._metrics.alerts_received(self._source.name, _counts(receipt), time.monotonic() - began)
        groups = list(receipt.groups[:10])
        log.info("hook.taken", hook=self._source.name, received=receipt.received, new=receipt.new, groups=groups)
        return web.json_response(receipt_json(receipt, batch), status=202)


def _parse(source: Source, body: bytes, kind: str, headers: dict[str, str], now: datetime) -> AlertBatch:
    return source.read(Delivery(parse(body, kind), headers), now)


def _counts(receipt: Receipt) -> dict[str, int]:
    """The counts of the alerts by what became of them."""
    return {
        "new": receipt.new,
        "repeated": receipt.repeated,
        "resolved": receipt.resolved,
        "stale": receipt.stale,
        "rejected": receipt.rejected,
    }


def receipt_json(receipt: Receipt, batch: AlertBatch | None = None) -> dict[str, object]:
    """The answer to a sender: the number of alerts of each kind, the groups, and the reasons for rejections."""
    answer: dict[str, object] = {
        "received": receipt.received,
        **_counts(receipt),
        "groups": list(receipt.groups),
    }
    if batch is not None and batch.rejected:
        answer["reasons"] = [
            {"alert": rejection.index, "reason": rejection.reason} for rejection in batch.rejected[:REASONS]
        ]
    return answer


@asynccontextmanager
async def _place(slots: asyncio.Semaphore) -> AsyncIterator[None]:
    """One of the places. Raises `BodyRefused` if none is free: nobody waits."""
    if slots.locked():
        raise BodyRefused(429, "too many requests at once", f"the same again in {AGAIN_AFTER_S} seconds")
    async with slots:
        yield


def _refusal(status: int, why: str, expected: str) -> web.Response:
    return web.json_response({"error": why, "expected": expected}, status=status)
