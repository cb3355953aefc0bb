"""The page that starts a drill: one of one's own, or one that plays a past incident, at speed."""

from __future__ import annotations

from dataclasses import replace

from aiohttp import web
from multidict import MultiDictProxy

from bot.domain.errors import Refused
from bot.domain.policy.policy import Policy
from bot.web.console.forms import Form, Rejected, carry_out, form_for, redirect
from bot.web.console.login_required import login_required
from bot.web.console.visitor import Console, Visitor
from bot.web.form import form_of

ASKED = ("plays", "at", "title", "severity", "slack_down")
_HINTS = {
    "title": "That of the past incident, if left out.", "severity": "That of the past incident, if left out.",
}  # fmt: skip


def routes(console: Console) -> list[web.RouteDef]:
    """GET shows the form; POST starts the drill."""
    return [web.get("/drill", login_required(console, show)), web.post("/drill", login_required(console, start))]


async def show(visitor: Visitor) -> web.StreamResponse:
    """Show the form."""
    return await _page(visitor, _form(visitor.context.policy, visitor.request.query.get("plays", "")[:20]))


async def start(visitor: Visitor) -> web.StreamResponse:
    """Start the drill, and go to it."""
    form = _form(visitor.context.policy)
    form_values = await form_of(visitor.request)
    try:
        incident = await carry_out(visitor, await _with_title(visitor, form, form_values), {})
    except Refused as refused:
        typed = {name: str(form_values.get(name, "")) for name in ASKED}
        return await _page(visitor, replace(form, values=typed, errors={"plays": refused.message}), 422)
    except Rejected as rejected:
        return await _page(visitor, rejected.form, rejected.status)
    return redirect("/" if incident is None else f"/incidents/{incident['id']}?done=Declare")


async def _with_title(visitor: Visitor, form: Form, sent: MultiDictProxy[str]) -> Form:
    """The form with the title of the past incident, unless another was typed. Raises `Refused`."""
    past = str(sent.get("plays", "")).strip()
    if not past or str(sent.get("title", "")).strip():
        return form
    played = await visitor.ask("get_incident", {"id": past})
    return replace(form, fixed={**form.fixed, "title": played["title"]})


def _form(policy: Policy, plays: str = "") -> Form:
    form = form_for("declare_incident", "/drill", policy, "Start a drill", "Start the drill", plays=plays)
    by_name = {field.name: field for field in form.fields if field.name in ASKED}
    fields = tuple(
        replace(by_name[name], required=False, hint=_HINTS.get(name) or by_name[name].hint) for name in ASKED
    )  # fmt: skip
    return replace(form, fields=fields, fixed={"drill": True})


async def _page(visitor: Visitor, form: Form, status: int = 200) -> web.Response:
    return await visitor.page("drill.html", status, at="now", form=form)
