"""Receives Slack's HTTP requests at `POST /slack/events`, verifies them and passes them to Bolt.

A request without a valid signature, or with a timestamp over five minutes off, is refused before its body is parsed.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from typing import Any

from aiohttp import web
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_sdk.signature import SignatureVerifier

from bot.metrics import Metrics
from bot.slack.blocks.replies import NOT_RECORDED
from bot.slack.inbound import payload_validation
from bot.slack.inbound.arrivals import Arrivals
from bot.web.refusals import Refusals
from bot.web.replay_guard import ReplayGuard
from bot.web.slack_body import is_event, read_body
from bot.web.slack_signature import verify_request

LARGEST_BODY = 1024 * 1024
_HINTS = {
    "bad signature": {"hint": "if Slack sent it, copy SLACK_SIGNING_SECRET again: Basic Information"},
    "stale timestamp": {"hint": "if Slack sent it, set this machine's clock"},
}


def routes(
    app: AsyncApp, signing_secret: Callable[[], str], metrics: Metrics, arrivals: Arrivals
) -> list[web.RouteDef]:
    """The route for Slack's requests. It verifies the signature, refuses repeats, and passes the rest to Bolt."""
    replay_guard = ReplayGuard()
    refusals = Refusals(metrics)

    async def slack_events(request: web.Request) -> web.Response:
        started = time.perf_counter()
        body = await request.read()
        text, why = verify_request(SignatureVerifier(signing_secret()), request, body)
        if text is None:
            arrivals.note_refused(why)
            refusals.note(why, remote=request.remote, **_HINTS.get(why, {}))
            return web.Response(status=401, text=f"Refused: {why}.")
        content = _parse_body(text)
        if content is None:
            refusals.note("malformed", remote=request.remote)
            return web.Response(status=400, text="Refused: the body is nothing that Slack sends.")
        digest = hashlib.sha256(body).hexdigest()
        event = is_event(content)  # Slack repeats events, and their IDs are recorded
        if not event and await replay_guard.seen_before(digest):
            refusals.note("replayed", remote=request.remote)
            return web.Response(status=200)  # nothing is done, and the answer reveals nothing
        accepted = False
        try:
            answer = await app.async_dispatch(_bolt_request(request, content))
            accepted = answer.status < 400 and NOT_RECORDED not in (answer.body or "")
        finally:
            if not event:
                replay_guard.finish(digest, taken=accepted)
        kind = "event" if event else "command_or_press"
        metrics.acknowledgements.labels(kind).observe(time.perf_counter() - started)
        headers = {name: values[0] for name, values in answer.headers.items() if name.lower() != "content-length"}
        content_type = headers.pop("content-type", headers.pop("Content-Type", "text/plain;charset=utf-8"))
        return web.Response(
            status=answer.status, body=(answer.body or "").encode(), headers={**headers, "Content-Type": content_type}
        )

    return [web.post("/slack/events", slack_events)]


def _parse_body(text: str) -> dict[str, Any] | None:
    """The body as Bolt expects it; None for a body that Slack does not send."""
    try:
        body = read_body(text)
    except (ValueError, RecursionError):  # RecursionError: thousands of brackets
        return None
    return body if payload_validation.is_well_formed(body) else None


def _bolt_request(request: web.Request, body: dict[str, Any]) -> AsyncBoltRequest:
    """The request for Bolt, with the body parsed, which Bolt accepts in socket mode only.

    Bolt's own parser of forms drops every command whose text contains the word “payload”.
    """
    return AsyncBoltRequest(body=body, query=request.query_string, headers=dict(request.headers), mode="socket_mode")
