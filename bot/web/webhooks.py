"""Receives webhooks of PagerDuty, which report that an alert was acknowledged or resolved there.

An incident that PagerDuty opened for others becomes an alert here, if a route of the policy asks for that source.

A webhook is served only if its secret is set, and a request without a valid signature is refused.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from typing import Any, Literal

import structlog
from aiohttp import web
from pydantic import BaseModel, Field, ValidationError

from bot.domain.alerts.routing import names_source
from bot.domain.errors import NotFound
from bot.domain.paging import calls
from bot.integrations.alerts import pagerduty as alerts
from bot.integrations.alerts.protocol import Delivery
from bot.metrics import Metrics
from bot.usecases.alerts.receive import Receipt, receive_alerts
from bot.usecases.context import Context
from bot.usecases.incidents import vendor_news
from bot.usecases.incidents.vendor_news import VendorNews
from bot.usecases.unit_of_work import DuplicateDelivery
from bot.web.hooks.endpoint import receipt_json
from bot.web.refusals import Refusals
from storage.engine.errors import StorageError

log = structlog.get_logger()

LARGEST_BODY = 256 * 1024  # PagerDuty never sends more: https://developer.pagerduty.com/docs/webhooks/webhook-behavior/
MOST_SIGNATURES = 10
SIGNED = "X-PagerDuty-Signature: v1=…, of the body with PAGERDUTY_WEBHOOK_SECRET"
WHO_LENGTH = 100


class Event(BaseModel):
    """The fields that every V3 event has. https://developer.pagerduty.com/docs/webhooks/v3-overview/"""

    id: str = Field(min_length=1, max_length=200)
    event_type: str
    agent: Any = None
    data: Any = None
    occurred_at: Any = None


class Envelope(BaseModel):
    """The body of a webhook."""

    event: Event


class Person(BaseModel):
    """The agent of an event, if a person caused it."""

    type: Literal["user_reference"]
    summary: str | None = None


class IncidentData(BaseModel):
    """PagerDuty's incident. `incident_key` is the dedup key with which we opened it; titles can be given by anybody."""

    incident_key: str | None = None


def pagerduty(context: Context, secret: Callable[[], str], metrics: Metrics) -> list[web.RouteDef]:
    """The route `POST /hooks/pagerduty` for V3 webhooks.

    The answer comes after the commit; a 5xx asks PagerDuty to send the webhook again.
    """
    refusals = Refusals(metrics)

    async def hook(request: web.Request) -> web.Response:
        if (request.content_length or 0) > LARGEST_BODY or len(body := await request.read()) > LARGEST_BODY:
            return _refuse(request, refusals, "too large", 413, f"at most {LARGEST_BODY // 1024} KiB")
        if not is_signed(secret(), body, request.headers.get("X-PagerDuty-Signature", "")):
            return _refuse(request, refusals, "bad signature", 401, SIGNED)
        event = _parse_event(body)
        if event is None:
            return _refuse(request, refusals, "malformed", 400, alerts.EXPECTED)
        try:
            outcome, receipt = await _apply(context, event)
        except StorageError as error:
            metrics.not_recorded.labels("webhook").inc()
            log.warning("hook.not_recorded", hook="pagerduty", error=str(error))
            return web.json_response({"error": "not recorded, send it again"}, status=503)
        return web.json_response({"outcome": outcome, **receipt_json(receipt)}, status=202)

    return [web.post("/hooks/pagerduty", hook)]


def is_signed(secret: str, body: bytes, header: str) -> bool:
    """Whether one of the header's signatures is valid. There are several while a secret is being rotated."""
    expected = b"v1=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest().encode()
    signatures = [part.strip().encode("utf-8", "replace") for part in header.split(",")[:MOST_SIGNATURES]]
    return True in [hmac.compare_digest(expected, signature) for signature in signatures]


async def _apply(context: Context, event: Event) -> tuple[str, Receipt]:
    """Take an event: about an alert of ours, or as an alert if a route asks for them.

    Returns the outcome in a word, and what the event was as an alert.
    """
    outcome = await _take_vendor_news(context, event)
    policy = context.policy
    is_alert_source = names_source(policy.alerts, alerts.NAME) or (
        policy.shadow and policy.shadow.source == alerts.NAME
    )
    if outcome != "ignored" or _is_ours(event) or not is_alert_source:
        return outcome, Receipt()
    try:
        batch = alerts.SOURCE.read(Delivery({"event": event.model_dump()}), context.clock.now())
    except ValueError:
        return "ignored", Receipt()
    if not batch.alerts:
        return "ignored", Receipt()
    receipt = await receive_alerts(context, batch)
    log.info("hook.taken", hook="pagerduty", kind=event.event_type, new=receipt.new, groups=list(receipt.groups))
    return ("repeated" if receipt.repeated or receipt.stale else "taken"), receipt


def _is_ours(event: Event) -> bool:
    """Whether an event is about an alert that the bot opened itself: that one must not become an alert here."""
    data = event.data.get("incident", event.data) if isinstance(event.data, dict) else {}
    key = data.get("incident_key") if isinstance(data, dict) else None
    return isinstance(key, str) and calls.incident_number_in(key) is not None


async def _take_vendor_news(context: Context, event: Event) -> str:
    """Tell the incident that its alert was acknowledged or resolved in PagerDuty. Returns the outcome in a word."""
    if event.event_type not in ("incident.acknowledged", "incident.resolved"):
        return "ignored"
    try:
        key = IncidentData.model_validate(event.data).incident_key
    except ValidationError:
        return "ignored"
    news = VendorNews("pagerduty", key or "", _person(event), event.event_type == "incident.resolved")
    try:
        incident = await vendor_news.take(context, news, f"pagerduty:{event.id}")
    except DuplicateDelivery:
        return "repeated"
    except NotFound:
        return "ignored"
    if incident is None:
        return "ignored"
    log.info("hook.taken", hook="pagerduty", kind=event.event_type, incident=incident.id)
    return "taken"


def _person(event: Event) -> str | None:
    """The name of the person who caused the event; None for an integration, a timer, and an agent that is left out."""
    try:
        agent = Person.model_validate(event.agent)
    except ValidationError:
        return None
    return " ".join((agent.summary or "somebody").split())[:WHO_LENGTH]


def _parse_event(body: bytes) -> Event | None:
    """Parse the body; None if it is not a V3 webhook."""
    try:
        return Envelope.model_validate_json(body).event
    except ValidationError:
        return None


def _refuse(request: web.Request, refusals: Refusals, why: str, status: int, expected: str) -> web.Response:
    refusals.note(why, remote=request.remote, hook="pagerduty")
    return web.json_response({"error": why, "expected": expected}, status=status)
