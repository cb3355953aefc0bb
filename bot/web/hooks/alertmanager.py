"""Receives alerts of Prometheus Alertmanager at `POST /hooks/alertmanager`.

The answer comes after the commit. A 5xx or a 429 asks Alertmanager to send the webhook again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime

import structlog
from aiohttp import web

from bot.domain.alerts.alert import AlertBatch
from bot.integrations.alerts import alertmanager
from bot.integrations.alerts.protocol import MOST_ALERTS, TooManyAlerts, UnreadableBody
from bot.metrics import Metrics
from bot.usecases.alerts.receive import Receipt, receive_alerts
from bot.usecases.context import Context
from bot.web.hooks import json_body
from bot.web.hooks.body import BodyRefused, read_json_body
from bot.web.hooks.token import accepted
from bot.web.refusals import Refusals
from storage.engine.errors import StorageError

log = structlog.get_logger()

MOST_AT_ONCE = 32  # requests whose bodies are in memory; more are asked to come again
AGAIN_AFTER_S = 5
REASONS = 20  # rejected alerts whose reasons are told
HOOK = "alertmanager"


def routes(context: Context, tokens: Callable[[], str], metrics: Metrics) -> list[web.RouteDef]:
    """The route. `tokens`: those that are accepted, separated by commas."""
    refusals = Refusals(metrics)
    slots = asyncio.Semaphore(MOST_AT_ONCE)

    async def hook(request: web.Request) -> web.Response:
        if not accepted(request.headers.get("Authorization", ""), tokens()):
            refusals.note("bad token", remote=request.remote, hook=HOOK)
            expected = "Authorization: Bearer <TOCSIN_HOOK_TOKEN>, or the token as the password of basic authentication"

            answer = _refused(401, "bad token", expected)
            answer.headers["WWW-Authenticate"] = 'Bearer realm="tocsin"'
            return answer
        if slots.locked():
            answer = _refused(429, "too many requests at once", f"the same again in {AGAIN_AFTER_S} seconds")
            answer.headers["Retry-After"] = str(AGAIN_AFTER_S)
            return answer
        async with slots:
            try:
                return await _taken(context, request)
            except BodyRefused as error:
                refusals.note(str(error), remote=request.remote, hook=HOOK)
                return _refused(error.status, str(error), error.expected)

    hook.reads_body = True  # type: ignore[attr-defined]  # bot.web.connection_limits reads other bodies before
    return [web.post("/hooks/alertmanager", hook)]


async def _taken(context: Context, request: web.Request) -> web.Response:
    body = await read_json_body(request)
    try:
        batch = await asyncio.to_thread(_read, body, context.clock.now())
    except TooManyAlerts as error:
        raise BodyRefused(413, str(error), f"at most {MOST_ALERTS} alerts") from None
    except UnreadableBody as error:
        raise BodyRefused(400, str(error), error.expected) from None
    except ValueError:
        raise BodyRefused(400, "the body is no JSON", alertmanager.EXPECTED) from None
    try:
        receipt = await receive_alerts(context, batch)
    except StorageError as error:
        log.warning("hook.not_recorded", hook=HOOK, error=str(error))
        return web.json_response({"error": "not recorded, send it again"}, status=503)
    log.info("hook.taken", hook=HOOK, received=receipt.received, new=receipt.new, groups=list(receipt.groups[:10]))
    return web.json_response(_answer(receipt, batch), status=202)


def _read(body: bytes, now: datetime) -> AlertBatch:
    return alertmanager.read(json_body.parse(body), now)


def _answer(receipt: Receipt, batch: AlertBatch) -> dict[str, object]:
    answer: dict[str, object] = {
        "received": receipt.received,
        "new": receipt.new,
        "repeated": receipt.repeated,
        "resolved": receipt.resolved,
        "stale": receipt.stale,
        "rejected": receipt.rejected,
        "groups": list(receipt.groups),
    }
    if batch.rejected:
        answer["reasons"] = [{"alert": each.index, "reason": each.reason} for each in batch.rejected[:REASONS]]
    return answer


def _refused(status: int, why: str, expected: str) -> web.Response:
    return web.json_response({"error": why, "expected": expected}, status=status)
