"""Serves the meeting of a review as a calendar (`/reviews/INC-7.ics`). The address carries a token."""

from __future__ import annotations

import hmac

from aiohttp import web

from bot.review_calendar import meeting
from bot.usecases.context import Context
from bot.usecases.oncall import calendar_feeds
from storage import incidents

LONGEST_NUMBER = 9  # digits


def routes(context: Context) -> list[web.RouteDef]:
    """The route. A wrong token and a review without a meeting both get a 404."""

    async def calendar(request: web.Request) -> web.Response:
        text = request.match_info["number"]
        number = int(text) if text.isascii() and text.isdecimal() and len(text) <= LONGEST_NUMBER else 0
        async with context.database.reading() as conn:
            expected = await calendar_feeds.current_token(conn, f"review:{number}")
            incident = await incidents.get(conn, number)
        token = request.query.get("token", "").encode("utf-8", "replace")
        if expected is None or not hmac.compare_digest(expected.encode(), token):
            raise web.HTTPNotFound
        body = meeting(incident) if incident is not None else b""
        if not body:
            raise web.HTTPNotFound
        headers = {"Content-Type": "text/calendar; charset=utf-8", "Cache-Control": "private, max-age=300"}
        return web.Response(body=body, headers=headers)

    return [web.get("/reviews/INC-{number}.ics", calendar)]
