"""Serves the status page: rendered documents by path, with ETags, and no cookie."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from aiohttp import web

from bot.web.statuspage.documents import CALENDAR, PREFIX
from bot.web.statuspage.gate import Gate
from bot.web.statuspage.rendered import Rendered

RETRY_AFTER_S = 5
_ID = re.compile(r"[a-z0-9]{4,40}")
_INSTANT = re.compile(r"[0-9]{1,11}(\.[0-9]{1,6})?")  # seconds since 1970


def routes(gate: Gate) -> list[web.RouteDef]:
    """The routes of everything that can be read. Each answers GET and HEAD."""
    cache = gate.cache

    async def page(request: web.Request) -> web.Response:
        keyed = await gate.admit(request)
        return answer(request, cache.document(request.path, keyed=keyed))

    async def data(request: web.Request) -> web.Response:
        keyed = await gate.admit(request, page=False)
        return answer(request, cache.document(request.path, keyed=keyed))

    async def incident(request: web.Request) -> web.Response:
        keyed = await gate.admit(request)
        name = request.match_info["id"]
        if not _ID.fullmatch(name):
            raise web.HTTPNotFound
        return answer(request, await cache.incident(name, keyed=keyed), missing=cache.view is not None)

    async def history(request: web.Request) -> web.Response:
        keyed = await gate.admit(request)
        before = request.query.get("before", "")
        if _INSTANT.fullmatch(before):
            return answer(request, await cache.history(datetime.fromtimestamp(float(before), UTC), keyed=keyed))
        return answer(request, cache.document(f"{PREFIX}/history", keyed=keyed))

    async def calendar(request: web.Request) -> web.Response:
        keyed = await gate.admit(request, page=False)
        return answer(request, await cache.calendar(keyed=keyed), missing=cache.view is not None)

    async def slash(request: web.Request) -> web.Response:
        raise web.HTTPMovedPermanently(PREFIX)

    return [
        web.get(PREFIX, page),
        web.get(f"{PREFIX}/", slash),
        web.get(f"{PREFIX}/history", history),
        web.get(f"{PREFIX}/incidents/{{id}}", incident),
        web.get(f"{PREFIX}/{{name:feed\\.(?:atom|rss|json)|(?:badge|icon)\\.svg}}", data),
        web.get(f"{PREFIX}/{CALENDAR}", calendar),
        web.get(f"{PREFIX}/api/v2/{{name:.+}}", data),
        web.get("/api/v2/{name:.+}", data),
    ]


def answer(request: web.Request, rendered: Rendered | None, *, missing: bool = True) -> web.Response:
    """The document, 304 where the reader has it, 404 where there is none; 503 while nothing is rendered yet."""
    if rendered is None:
        if missing:
            raise web.HTTPNotFound
        raise web.HTTPServiceUnavailable(headers={"Retry-After": str(RETRY_AFTER_S)})
    headers = request.headers
    known_tags = headers.get("If-None-Match")
    if known_tags is not None and (rendered.tag in known_tags or known_tags.strip() == "*"):
        return web.Response(status=304, headers=rendered.headers)
    if rendered.compressed is not None and "gzip" in headers.get("Accept-Encoding", ""):
        return web.Response(body=rendered.compressed, headers=rendered.compressed_headers)
    return web.Response(body=rendered.body, headers=rendered.headers)
