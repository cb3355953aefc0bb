"""The pages about alerts: groups with the reasons for their decisions, silences, and noise."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from bot.operations.base import BadArgument
from bot.usecases.queries.alert_rates import alert_rates
from bot.web.console.forms import Form, Rejected, carry_out, form_for, redirect
from bot.web.console.list_parts import list_part
from bot.web.console.login_required import login_required
from bot.web.console.visitor import Console, Visitor

NOISE_OF = timedelta(days=30)
MOST_OPEN = 50  # incidents to choose from
GROUPS_PER_PAGE, SILENCES_PER_PART = 15, 30
VERBS = {
    "declare": ("declare_from_alerts", "Declare an incident"),
    "attach": ("attach_alerts", "Attach to an incident"),
    "dismiss": ("dismiss_alerts", "Dismiss"),
}


def routes(console: Console) -> list[web.RouteDef]:
    """The pages of groups, silences and noise, and their forms."""
    return [
        web.get("/alerts", login_required(console, show)),
        web.get("/alerts/noise", login_required(console, noise)),
        web.get("/alerts/{id}", login_required(console, explain)),
        web.post("/alerts/{id}/{verb:declare|attach|dismiss}", login_required(console, act)),
        web.post("/silences", login_required(console, silence)),
        web.post("/silences/{id}/end", login_required(console, end_silence)),
    ]


async def show(visitor: Visitor) -> web.StreamResponse:
    """Show the groups that fire, or the newest, and the silences in force."""
    return await _page(visitor, _silence_form(visitor))


async def explain(visitor: Visitor) -> web.StreamResponse:
    """Show the decision about a group with its reasons, and the forms that act on it."""
    return await _group_page(visitor)


async def act(visitor: Visitor) -> web.StreamResponse:
    """Declare, attach or dismiss."""
    path = visitor.request.match_info
    form = _verb_form(visitor, path["verb"])
    try:
        answer = await carry_out(visitor, form, path)
    except Rejected as rejected:
        return await _group_page(visitor, rejected.form, rejected.status)
    is_incident = answer is not None and str(answer["id"]).startswith("INC-")
    return redirect(f"/incidents/{answer['id']}" if is_incident else f"/alerts/{path['id']}")


async def silence(visitor: Visitor) -> web.StreamResponse:
    """Silence alerts by their labels."""
    try:
        await carry_out(visitor, _silence_form(visitor), {})
    except Rejected as rejected:
        return await _page(visitor, rejected.form, rejected.status)
    return redirect("/alerts#silences")


async def end_silence(visitor: Visitor) -> web.StreamResponse:
    """End a silence now."""
    path = visitor.request.match_info
    form = form_for("end_silence", f"/silences/{path['id']}/end", visitor.context.policy)
    try:
        await carry_out(visitor, form, path)
    except Rejected as rejected:
        return await _page(visitor, replace(_silence_form(visitor), error=rejected.form.error), rejected.status)
    return redirect("/alerts#silences")


async def noise(visitor: Visitor) -> web.StreamResponse:
    """Show how precise each rule is, and how well alerts detect incidents."""
    async with visitor.context.database.reading() as conn:
        rates = await alert_rates(conn, visitor.now - NOISE_OF)
    return await visitor.page("noise.html", at="alerts", days=NOISE_OF.days, rates=asdict(rates))


def _silence_form(visitor: Visitor) -> Form:
    return form_for("add_silence", "/silences", visitor.context.policy, "Silence alerts", "Silence")


def _verb_form(visitor: Visitor, verb: str) -> Form:
    name, title = VERBS[verb]
    path = f"/alerts/{visitor.request.match_info['id']}/{verb}"
    return form_for(name, path, visitor.context.policy, title)


def _with_incident_choices(form: Form, incidents: tuple[tuple[str, str], ...]) -> Form:
    fields = tuple(
        replace(form_field, kind="choice", choices=incidents) if form_field.name == "incident" else form_field
        for form_field in form.fields
    )
    return replace(form, fields=fields)


async def _page(visitor: Visitor, form: Form, status: int = 200) -> web.Response:
    scope = "all" if visitor.request.query.get("scope") == "all" else "firing"
    cursor: dict[str, Any] = {"cursor": visitor.request.query["cursor"]} if visitor.request.query.get("cursor") else {}
    try:
        answer = await visitor.ask("list_alerts", scope=scope, limit=GROUPS_PER_PAGE, **cursor)
    except ValueError:
        raise BadArgument("cursor", "This address is no longer good. Open the page again.") from None
    following = answer["next_cursor"]
    silences = (await visitor.ask("list_silences"))["silences"]
    return await visitor.page(
        "alerts.html", status, at="alerts", scope=scope, form=form,
        groups=answer["groups"], more=urlencode({"scope": scope, "cursor": following}) if following else "",
        silences=list_part(visitor.request, "silences", silences, SILENCES_PER_PART),
    )  # fmt: skip


async def _group_page(visitor: Visitor, refused: Form | None = None, status: int = 200) -> web.Response:
    path = visitor.request.match_info
    explanation = await visitor.ask("explain_alerts", path)
    open_incidents = (await visitor.ask("list_incidents", status="open", limit=MOST_OPEN))["incidents"]
    choices = tuple((row["id"], f"{row['id']} {row['title'][:80]}") for row in open_incidents)
    forms = [
        _with_incident_choices(_verb_form(visitor, verb), choices) for verb in VERBS if verb != "attach" or choices
    ]
    group_forms = [refused if refused is not None and refused.name == form.name else form for form in forms]
    return await visitor.page("alert.html", status, at="alerts", group=explanation, forms=group_forms)
