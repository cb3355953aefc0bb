"""Answers browsers that ask for an address that does not exist with a page; programs get the bare 404."""

from __future__ import annotations

from aiohttp import web
from aiohttp.typedefs import Handler

from bot.web.console import rendering

TEXT = "There is no page at this address. It may be misspelled, or the page has moved."


@web.middleware
async def page_for_missing_address(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Middleware that shows browsers a page instead of a bare 404."""
    try:
        return await handler(request)
    except web.HTTPNotFound:
        is_browser = request.method == "GET" and "text/html" in request.headers.get("Accept", "")
        if request.match_info.http_exception is None or not is_browser:  # a handler's own 404 says enough
            raise
        return rendering.html(request, "alone.html", 404, title="There is nothing here", text=TEXT)
