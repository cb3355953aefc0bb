"""The page **Reviews & actions**: action items that are to be done, by team and person, and reviews that are due."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from aiohttp import web

from bot.domain.access.identity import OPERATOR
from bot.domain.incident.status import Status
from bot.usecases.queries.list_incidents import IncidentQuery, list_incidents
from bot.web.console.forms import Form, Rejected, carry_out, form_for, redirect
from bot.web.console.list_parts import list_part
from bot.web.console.login_required import login_required
from bot.web.console.visitor import Console, Visitor

MOST, MOST_ENDED = 200, 40
PER_PART = 20  # action items
# By verb: its title, the values it sets, and the fields it asks for.
VERBS: Mapping[str, tuple[str, dict[str, str], tuple[str, ...]]] = {
    "done": ("Done", {"status": "completed"}, ()),
    "begin": ("Begin", {"status": "in_progress"}, ()),
    "postpone": ("Postpone", {}, ("due",)),
    "defer": ("Defer", {"status": "deferred"}, ("reason",)),
}


def routes(console: Console) -> list[web.RouteDef]:
    """GET shows the page; POST changes an action item."""
    return [
        web.get("/reviews", login_required(console, show)),
        web.post("/incidents/{id}/actions/{number}/{verb:done|begin|postpone|defer}", login_required(console, act)),
    ]


async def show(visitor: Visitor) -> web.StreamResponse:
    """Show the action items and reviews."""
    return await _page(visitor)


async def act(visitor: Visitor) -> web.StreamResponse:
    """Change an action item."""
    path = visitor.request.match_info
    form = action_form(visitor, path["id"], path["number"], path["verb"])
    try:
        await carry_out(visitor, form, path)
    except Rejected as rejected:
        return await _page(visitor, rejected.form, rejected.status)
    return redirect("/reviews#actions")


def action_form(visitor: Visitor, incident: str, action: str, verb: str) -> Form:
    """The form that changes an item by one of `VERBS`."""
    title, fixed, requested = VERBS[verb]
    path = f"/incidents/{incident}/actions/{action}/{verb}"
    form = form_for("change_action", path, visitor.context.policy, title)
    fields = tuple(replace(form_field, required=True) for form_field in form.fields if form_field.name in requested)
    return replace(form, fields=fields, fixed=fixed)


async def _page(visitor: Visitor, refused: Form | None = None, status: int = 200) -> web.Response:
    scope = visitor.request.query.get("scope", "all")
    scope = scope if scope in {"all", "mine", "overdue"} else "all"
    filters: dict[str, dict[str, Any]] = {"mine": {"owner": visitor.person}, "overdue": {"overdue": True}}
    chosen = filters.get(scope, {})
    answer = await visitor.ask("list_actions", limit=MOST, **chosen)
    part = list_part(visitor.request, "part", answer["actions"], PER_PART)
    owners: dict[str, list[dict[str, Any]]] = {}
    for item in part.rows:
        row = {**item, "forms": [_item_form(visitor, item, verb, refused) for verb in VERBS]}
        owners.setdefault(item["owner"] or "", []).append(row)
    return await visitor.page(
        "actions.html", status, at="reviews", scope=scope, owners=owners, total=answer["total"], part=part,
        reviews=await _reviews(visitor),
    )  # fmt: skip


def _item_form(visitor: Visitor, item: Mapping[str, Any], verb: str, refused: Form | None) -> Form:
    number = item["id"].rsplit("-", 1)[-1]
    form = action_form(visitor, item["incident"], number, verb)
    return replace(refused) if refused is not None and refused.action == form.action else form


async def _reviews(visitor: Visitor) -> list[dict[str, Any]]:
    """The reviews of the incidents that ended last, those not published first."""
    query = IncidentQuery(statuses=frozenset({Status.RESOLVED, Status.CLOSED}))
    viewer = None if visitor.person == OPERATOR else visitor.person
    async with visitor.context.database.reading() as conn:
        ended = (await list_incidents(conn, query, viewer, MOST_ENDED)).incidents
    order = {None: 0, "draft": 1, "scheduled": 2, "completed": 3, "published": 4}
    rows = [
        {
            "id": incident.id,
            "title": incident.title,
            "severity": incident.severity,
            "resolved_at": incident.resolved_at,
            "state": str(incident.review.state) if incident.review else None,
            "due_at": incident.review.due_at if incident.review else None,
        }
        for incident in ended
        if not incident.drill
    ]
    return sorted(rows, key=lambda row: order[row["state"]])
