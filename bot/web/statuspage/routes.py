"""Serves the status page: rendered documents by path, with ETags, and no cookie."""

from __future__ import annotations

import hmac
import re
from datetime import UTC, datetime

from aiohttp import web

from bot.web.statuspage.cache import StatusPageCache
from bot.web.statuspage.documents import CALENDAR, PREFIX
from bot.web.statuspage.rendered import Rendered

RETRY_AFTER_S = 5
_ID = re.compile(r"[a-z0-9]{4,40}")


def routes(cache: StatusPageCache) -> list[web.RouteDef]:
    """Everything that can be read. Each answers GET and HEAD."""

    async def document(request: web.Request) -> web.Response:
        admit(cache, request)
        return answer(request, cache.documents.get(request.path))

    async def incident(request: web.Request) -> web.Response:
        admit(cache, request)
        name = request.match_info["id"]
        if not _ID.fullmatch(name):
            raise web.HTTPNotFound
        return answer(request, await cache.incident(name), missing=cache.view is not None)

    async def history(request: web.Request) -> web.Response:
        admit(cache, request)
        before = request.query.get("before", "")
        if before.isdecimal() and len(before) <= 11:
            return answer(request, await cache.history(datetime.fromtimestamp(int(before), UTC)))
        return answer(request, cache.documents.get(f"{PREFIX}/history"))

    async def calendar(request: web.Request) -> web.Response:
        admit(cache, request)
        return answer(request, await cache.calendar(), missing=cache.view is not None)

    async def slash(request: web.Request) -> web.Response:
        raise web.HTTPMovedPermanently(PREFIX)

    return [
        web.get(PREFIX, document),
        web.get(f"{PREFIX}/", slash),
        web.get(f"{PREFIX}/history", history),
        web.get(f"{PREFIX}/incidents/{{id}}", incident),
        web.get(f"{PREFIX}/{{name:feed\\.(?:atom|rss|json)|(?:badge|icon)\\.svg}}", document),
        web.get(f"{PREFIX}/{CALENDAR}", calendar),
        web.get(f"{PREFIX}/api/v2/{{name:.+}}", document),
        web.get("/api/v2/{name:.+}", document),
    ]


def admit(cache: StatusPageCache, request: web.Request) -> None:
    """Answer 404 to whoever has no link to a page that is not public."""
    wanted = cache.access
    given = request.query.get("access", "").encode("utf-8", "replace")
    if wanted is not None and not hmac.compare_digest(given, wanted.encode()):
        raise web.HTTPNotFound


def answer(request: web.Request, rendered: Rendered | None, *, missing: bool = True) -> web.Response:
    """The document, 304 where the reader has it, 404 where there is none; 503 while nothing is rendered yet."""
    if rendered is None:
        if missing:
            raise web.HTTPNotFound
        raise web.HTTPServiceUnavailable(headers={"Retry-After": str(RETRY_AFTER_S)})
    headers = request.headers
    known = headers.get("If-None-Match")
    if known is not None and (rendered.tag in known or known.strip() == "*"):
        return web.Response(status=304, headers=rendered.headers)
    if rendered.compressed is not None and "gzip" in headers.get("Accept-Encoding", ""):
        return web.Response(body=rendered.compressed, headers=rendered.compressed_headers)
    return web.Response(body=rendered.body, headers=rendered.headers)
