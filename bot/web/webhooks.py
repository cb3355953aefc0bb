"""What vendors tell us. Each hook is there only with its secret, and reads nothing that is not signed with it."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

import structlog
from aiohttp import web

from bot.domain.errors import NotFound
from bot.metrics import Metrics
from bot.usecases.context import Context
from bot.usecases.incidents.acknowledge import Elsewhere, acknowledge_elsewhere
from bot.usecases.unit_of_work import DuplicateDelivery
from storage.engine.errors import StorageError

log = structlog.get_logger()

LARGEST_BODY = 256 * 1024  # PagerDuty never sends more: https://developer.pagerduty.com/docs/webhooks/webhook-behavior/
MOST_SIGNATURES = 10
WHO_LENGTH = 100
TITLE_LENGTH = 400


def pagerduty(context: Context, secret: str, metrics: Metrics) -> list[web.RouteDef]:
    """`POST /hooks/pagerduty`: V3 webhooks. Answered once it is committed; 5xx asks PagerDuty to send it again."""

    async def hook(request: web.Request) -> web.Response:
        if (request.content_length or 0) > LARGEST_BODY or len(body := await request.read()) > LARGEST_BODY:
            return _refused(request, metrics, "too large", 413)
        if not signed(secret, body, request.headers.get("X-PagerDuty-Signature", "")):
            return _refused(request, metrics, "bad signature", 401)
        event = _event(body)
        if event is None:
            return _refused(request, metrics, "malformed", 400)
        try:
            outcome = await _take(context, event)
        except StorageError as error:
            log.warning("hook.not_recorded", hook="pagerduty", error=str(error))
            return web.json_response({"error": "not recorded, send it again"}, status=503)
        return web.json_response({"outcome": outcome}, status=202)

    return [web.post("/hooks/pagerduty", hook)]


def signed(secret: str, body: bytes, header: str) -> bool:
    """One of the signatures is ours; several stand there while a secret is being changed."""
    wanted = b"v1=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest().encode()
    given = [one.strip().encode("utf-8", "replace") for one in header.split(",")[:MOST_SIGNATURES]]
    return True in [hmac.compare_digest(wanted, one) for one in given]


async def _take(context: Context, event: dict[str, Any]) -> str:
    """What was done with it, in a word."""
    kind, agent, data = event["event_type"], event.get("agent"), event.get("data")
    if kind not in ("incident.acknowledged", "incident.resolved") or not isinstance(data, dict):
        return "ignored"
    if not isinstance(agent, dict) or agent.get("type") != "user_reference":
        return "ignored"  # an integration did it, most likely we ourselves
    did = Elsewhere(
        method="pagerduty",
        who=" ".join(str(agent.get("summary") or "somebody").split())[:WHO_LENGTH],
        key=str(data.get("incident_key") or ""),
        title=str(data.get("title") or "")[:TITLE_LENGTH],
        resolved=kind == "incident.resolved",
    )
    try:
        incident = await acknowledge_elsewhere(context, did, f"pagerduty:{event['id']}")
    except DuplicateDelivery:
        return "repeated"
    except NotFound:
        return "ignored"
    if incident is None:
        return "ignored"
    log.info("hook.taken", hook="pagerduty", kind=kind, incident=incident.id)
    return "taken"


def _event(body: bytes) -> dict[str, Any] | None:
    try:
        event = json.loads(body)["event"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    if not isinstance(event, dict) or not all(isinstance(event.get(name), str) for name in ("id", "event_type")):
        return None
    return event if 0 < len(event["id"]) <= 200 else None


def _refused(request: web.Request, metrics: Metrics, why: str, status: int) -> web.Response:
    metrics.refused.labels(why).inc()
    log.warning("request.refused", why=why, remote=request.remote, hook="pagerduty")
    return web.json_response({"error": why}, status=status)
