"""The page of all incidents: filters, search by words, and pages that stay in place while incidents are declared."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from bot.domain.incident.status import Status
from bot.operations.base import BadArgument
from bot.web.console.login_required import login_required
from bot.web.console.visitor import Console, Visitor

PAGE = 50


def routes(console: Console) -> list[web.RouteDef]:
    """The page."""
    return [web.get("/incidents", login_required(console, show))]


async def show(visitor: Visitor) -> web.StreamResponse:
    """Show the matching incidents, the newest first; with search words, the best match first."""
    query = visitor.request.query
    words = query.get("q", "").strip()[:200]
    policy = visitor.context.policy
    chosen = {name: query[name] for name in ("status", "severity", "service") if query.get(name)}
    following = None
    if words:
        rows = (await visitor.ask("search_incidents", q=words, limit=PAGE))["incidents"]
    else:
        rows, following = await _list_page(visitor, chosen, query.get("cursor"))
    more = urlencode({**chosen, "cursor": following}) if following else ""
    return await visitor.page(
        "incidents.html", at="incidents", q=words, incidents=rows, chosen=chosen, more=more,
        statuses=["open", *map(str, Status)], severities=[level.key for level in policy.severities],
        services=list(policy.services),
    )  # fmt: skip


async def _list_page(
    visitor: Visitor, chosen: dict[str, Any], cursor: str | None
) -> tuple[list[dict[str, Any]], str | None]:
    arguments: dict[str, Any] = {**chosen, **({"cursor": cursor} if cursor else {})}
    try:
        answer = await visitor.ask("list_incidents", limit=PAGE, **arguments)
    except ValueError:
        raise BadArgument("status", "I cannot filter like that. Open the list again.") from None
    return answer["incidents"], answer["next_cursor"]
