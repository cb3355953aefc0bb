"""`POST /slack/events`: everything Slack sends over HTTP. What is not signed, or not from now, is not read."""

from __future__ import annotations

import time

import structlog
from aiohttp import web
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_sdk.signature import SignatureVerifier

from bot.metrics import Metrics

log = structlog.get_logger()

LARGEST_BODY = 1024 * 1024
BODY_WITHIN_S = 10.0


def routes(app: AsyncApp, signing_secret: str, metrics: Metrics) -> list[web.RouteDef]:
    verifier = SignatureVerifier(signing_secret)

    async def slack_events(request: web.Request) -> web.Response:
        started = time.perf_counter()
        body = await request.read()
        text, why = _verified(verifier, request, body)
        if text is None:
            metrics.refused.labels(why).inc()
            log.warning("request.refused", why=why, remote=request.remote)
            return web.Response(status=401, text=f"Refused: {why}.")
        try:
            asked = AsyncBoltRequest(body=text, query=request.query_string, headers=dict(request.headers))
        except ValueError:
            metrics.refused.labels("malformed").inc()
            log.warning("request.malformed", remote=request.remote)
            return web.Response(status=400, text="Refused: the body is not what its type says.")
        answer = await app.async_dispatch(asked)
        kind = "event" if request.content_type == "application/json" else "command_or_press"
        metrics.acknowledgements.labels(kind).observe(time.perf_counter() - started)
        headers = {name: values[0] for name, values in answer.headers.items() if name.lower() != "content-length"}
        content_type = headers.pop("content-type", headers.pop("Content-Type", "text/plain;charset=utf-8"))
        return web.Response(
            status=answer.status, body=(answer.body or "").encode(), headers={**headers, "Content-Type": content_type}
        )

    return [web.post("/slack/events", slack_events)]


def _verified(verifier: SignatureVerifier, request: web.Request, body: bytes) -> tuple[str | None, str]:
    """The body as text, or why it is refused. The SDK's verifier raises on what these guards keep from it."""
    timestamp = request.headers.get("X-Slack-Request-Timestamp", "")
    signature = request.headers.get("X-Slack-Signature", "")
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) < 16):
        return None, "no usable timestamp"
    if abs(time.time() - int(timestamp)) > 300:
        return None, "stale timestamp"
    if not (signature.isascii() and signature.startswith("v0=")):
        return None, "no usable signature"
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        return None, "not UTF-8"
    if not verifier.is_valid(body=text, timestamp=timestamp, signature=signature):
        return None, "bad signature"
    return text, ""
