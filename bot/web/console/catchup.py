"""The page **Catch up**: what happened in an incident since the visitor last looked, and what is due next."""

from __future__ import annotations

from aiohttp import web

from bot.json_shapes.incidents import entry_json
from bot.operations.visibility import visible_incident
from bot.usecases.queries.catchup import catch_up
from bot.web.console.login_required import login_required
from bot.web.console.visitor import Console, Visitor


def routes(console: Console) -> list[web.RouteDef]:
    """The route. It takes POST, because from then on everything counts as read."""
    return [web.post("/incidents/{id}/catchup", login_required(console, show))]


async def show(visitor: Visitor) -> web.StreamResponse:
    """Show what the visitor missed, and note that they have read it."""
    call = visitor.call(visitor.request.match_info)
    incident = await visible_incident(call)
    async with call.context.database.reading() as conn:
        policy = await call.context.policies.of(conn, incident)
    missed = await catch_up(call.context, incident, policy, visitor.person)
    since = missed.since
    return await visitor.page(
        "catchup.html", at="", incident={"id": incident.id, "title": incident.title}, since=since,
        messages=missed.messages,
        entries=[entry_json(record) for record in reversed(missed.entries) if not since or record.entry.at > since],
        upcoming=[{"words": deadline.kind, "due_at": deadline.due_at} for deadline in missed.upcoming],
        contacts=[contact.name or contact.key for contact in missed.contacts], links=missed.links,
    )  # fmt: skip
