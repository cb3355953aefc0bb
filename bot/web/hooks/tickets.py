"""Receives changes of tickets: `POST /hooks/github`, `/hooks/jira` and `/hooks/linear`, each signed.

An endpoint is served only if its secret is set. The answer comes after the commit; a 5xx asks for the same again.
A delivery is known by the digest of its body: the headers with an ID are not signed, so that a recorded body could be
sent again under another. Every body says when the change was made, so no two changes have the same.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import structlog
from aiohttp import web

from bot.domain.actions.ticket import TicketNews
from bot.integrations.trackers import hooks
from bot.live_settings import LiveSettings
from bot.metrics import Metrics
from bot.secret_settings import secret_of
from bot.usecases.actions.ticket_news import take_news
from bot.usecases.context import Context
from bot.usecases.unit_of_work import DuplicateDelivery
from bot.web.refusals import Refusals
from storage.engine.errors import StorageError

log = structlog.get_logger()

LARGEST_BODY = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Hook:
    """One tracker's webhooks: how they are signed, and how their tickets are read."""

    name: str
    signature: str  # the header with it
    prefix: str  # before the hexadecimal digits
    read: Callable[[Mapping[str, str], dict[str, Any]], TicketNews | None]


HOOKS = (
    Hook("github", "x-hub-signature-256", "sha256=", hooks.github),
    Hook("jira", "x-hub-signature", "sha256=", hooks.jira),
    Hook("linear", "linear-signature", "", hooks.linear),
)


def routes(context: Context, live: LiveSettings, metrics: Metrics) -> list[web.RouteDef]:
    """The routes of the trackers whose webhook secrets are set."""
    served = [hook for hook in HOOKS if getattr(live.current, f"{hook.name}_webhook_secret") is not None]
    return [_route(context, hook, live, metrics) for hook in served]


def _route(context: Context, hook: Hook, live: LiveSettings, metrics: Metrics) -> web.RouteDef:
    refusals = Refusals(metrics)

    def refuse(request: web.Request, why: str, status: int) -> web.Response:
        refusals.note(why, remote=request.remote, hook=hook.name)
        return web.json_response({"error": why}, status=status)

    async def take(request: web.Request) -> web.Response:
        if (request.content_length or 0) > LARGEST_BODY or len(body := await request.read()) > LARGEST_BODY:
            return refuse(request, "too large", 413)
        headers = {name.lower(): value for name, value in request.headers.items()}
        secret = secret_of(getattr(live.current, f"{hook.name}_webhook_secret"))
        if not is_signed(secret, body, headers.get(hook.signature, ""), hook.prefix):
            return refuse(request, "bad signature", 401)
        try:
            content = json.loads(body)
        except (ValueError, RecursionError):
            content = None
        if not isinstance(content, dict):
            return refuse(request, "malformed", 400)
        news = hook.read(headers, content)
        if news is None:
            return web.json_response({"outcome": "ignored"}, status=202)
        try:
            is_new = await take_news(context, news, f"{hook.name}:{hashlib.sha256(body).hexdigest()}")
        except DuplicateDelivery:
            return web.json_response({"outcome": "repeated"}, status=202)
        except StorageError as error:
            metrics.not_recorded.labels("webhook").inc()
            log.warning("hook.not_recorded", hook=hook.name, error=str(error))
            return web.json_response({"error": "not recorded, send it again"}, status=503)
        log.info("hook.taken", hook=hook.name, ticket=news.external, new=is_new)
        return web.json_response({"outcome": "taken" if is_new else "ignored"}, status=202)

    return web.post(f"/hooks/{hook.name}", take)


def is_signed(secret: str, body: bytes, header: str, prefix: str) -> bool:
    """Whether the header is the signature of the body: HMAC-SHA256 in hexadecimal, after the prefix."""
    expected = prefix.encode() + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest().encode()
    return hmac.compare_digest(expected, header.strip().encode("utf-8", "replace"))
