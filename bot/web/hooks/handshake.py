"""Answers the validation handshake of CloudEvents, with which a sender asks whether it may deliver.

https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/http-webhook.md#4-abuse-protection. Consent is given at once
and to everybody, since what is delivered needs the token all the same. `WebHook-Request-Callback` is never called: the
bot sends no request to an address that a stranger names.
"""

from __future__ import annotations

from aiohttp import web

LONGEST_ORIGIN = 255  # a DNS name
METHODS = "POST, OPTIONS"


def route(path: str) -> web.RouteDef:
    """The route of the handshake for this path."""
    return web.route("OPTIONS", path, answer)


async def answer(request: web.Request) -> web.Response:
    """Allow the origin that asks, at the rate that it asks for. Without an origin, say only what is allowed."""
    headers = {"Allow": METHODS}
    origin = request.headers.get("WebHook-Request-Origin", "").strip()
    if origin and len(origin) <= LONGEST_ORIGIN and origin.isascii() and origin.isprintable():
        rate = request.headers.get("WebHook-Request-Rate", "").strip()
        headers["WebHook-Allowed-Origin"] = origin
        headers["WebHook-Allowed-Rate"] = rate if rate.isascii() and rate.isdigit() and len(rate) < 10 else "*"
    return web.Response(headers=headers)
