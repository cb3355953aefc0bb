"""The page about subscribers of the status page, for administrators: list them, add one, and remove one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from aiohttp import web

from bot.domain.access.token import Scope
from bot.operations.base import BadArgument
from bot.web.api.authentication import require
from bot.web.console.forms import Form, Rejected, carry_out, form_for, redirect
from bot.web.console.login_required import login_required
from bot.web.console.visitor import Console, Visitor


def routes(console: Console) -> list[web.RouteDef]:
    """The page, and the forms to add and to remove a subscriber."""
    return [
        web.get("/statuspage/subscribers", login_required(console, show)),
        web.post("/statuspage/subscribers", login_required(console, add)),
        web.post("/statuspage/subscribers/{subscriber}/remove", login_required(console, remove)),
    ]


async def show(visitor: Visitor) -> web.StreamResponse:
    """Show the subscribers."""
    return await _page(visitor, _add_form(visitor))


async def add(visitor: Visitor) -> web.StreamResponse:
    """Ask an address to confirm."""
    try:
        await carry_out(visitor, _add_form(visitor), {})
    except Rejected as rejected:
        return await _page(visitor, rejected.form, rejected.status)
    return redirect("/statuspage/subscribers?done=Added")


async def remove(visitor: Visitor) -> web.StreamResponse:
    """Remove a subscriber."""
    form = form_for("remove_subscriber", "", visitor.context.policy)
    try:
        await carry_out(visitor, form, visitor.request.match_info)
    except Rejected as rejected:
        return await _page(visitor, replace(_add_form(visitor), error=rejected.form.error), rejected.status)
    return redirect("/statuspage/subscribers")


def _add_form(visitor: Visitor) -> Form:
    policy = visitor.context.policy
    return form_for("add_subscriber", "/statuspage/subscribers", policy, "Add a subscriber", "Ask to confirm")


async def _page(visitor: Visitor, form: Form, status: int = 200) -> web.Response:
    require(visitor.token, Scope.ADMIN)
    cursor: dict[str, Any] = {"cursor": visitor.request.query["cursor"]} if visitor.request.query.get("cursor") else {}
    try:
        answer = await visitor.ask("list_subscribers", **cursor)
    except ValueError:
        raise BadArgument("cursor", "This address is no longer good. Open the page again.") from None
    return await visitor.page(
        "subscribers.html", status, at="statuspage", form=form, subscribers=answer["subscribers"],
        more=answer["next_cursor"],
    )  # fmt: skip
