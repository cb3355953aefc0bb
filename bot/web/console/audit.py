"""The page **Audit**: who did what, when, in which incident and from which source."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from bot.domain.timeline.source import Source
from bot.operations.base import BadArgument
from bot.web.console.login_required import login_required
from bot.web.console.visitor import Console, Visitor

PAGE = 30  # entries


def routes(console: Console) -> list[web.RouteDef]:
    """The page."""
    return [web.get("/audit", login_required(console, show))]


async def show(visitor: Visitor) -> web.StreamResponse:
    """Show what people did, the latest first."""
    chosen: dict[str, Any] = {
        name: value for name, value in visitor.request.query.items() if name in {"actor", "source"} and value
    }
    cursor = visitor.request.query.get("cursor")
    try:
        answer = await visitor.ask("list_deeds", limit=PAGE, **{**chosen, **({"cursor": cursor} if cursor else {})})
    except ValueError:
        raise BadArgument("source", "I cannot filter like that. Open the page again.") from None
    following = answer["next_cursor"]
    return await visitor.page(
        "audit.html", at="audit", deeds=answer["deeds"], chosen=chosen, sources=[str(source) for source in Source],
        people=sorted({deed["actor"] for deed in answer["deeds"]} | {*filter(None, [chosen.get("actor")])}),
        more=urlencode({**chosen, "cursor": following}) if following else "",
    )  # fmt: skip
