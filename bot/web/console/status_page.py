"""The page **Status page**: what is published, publishing and updating it, maintenance, and who is told."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from aiohttp import web

from bot.domain.access.token import Scope
from bot.web.console.fields import Field
from bot.web.console.forms import Form, Rejected, carry_out, form_for, redirect
from bot.web.console.labels import HINTS
from bot.web.console.list_parts import list_part
from bot.web.console.login_required import login_required
from bot.web.console.visitor import Console, Visitor
from bot.web.form import form_of
from storage.statuspage import subscribers

PER_PART = 10  # publications under way
VERBS = {
    "update": ("update_publication", "Add an update"), "resolve": ("resolve_publication", "Resolve"),
    "correct": ("correct_publication", "Correct"),
}  # fmt: skip


def routes(console: Console) -> list[web.RouteDef]:
    """The page, and the forms to publish, to plan maintenance and to subscribe channels."""
    return [
        web.get("/statuspage", login_required(console, show)),
        web.post("/statuspage/publish", login_required(console, publish)),
        web.post("/statuspage/maintenance", login_required(console, plan)),
        web.post("/statuspage/channels", login_required(console, subscribe_channel)),
        web.post("/statuspage/channels/end", login_required(console, unsubscribe_channel)),
        web.post("/statuspage/{publication}/{verb:update|resolve|correct}", login_required(console, act)),
    ]


async def show(visitor: Visitor) -> web.StreamResponse:
    """Show the page."""
    return await _page(visitor)


async def publish(visitor: Visitor) -> web.StreamResponse:
    """Publish something new."""
    return await _carry_out(visitor, _publish_form(visitor))


async def plan(visitor: Visitor) -> web.StreamResponse:
    """Plan maintenance."""
    return await _carry_out(visitor, _maintenance_form(visitor))


async def act(visitor: Visitor) -> web.StreamResponse:
    """Update, resolve or correct what is published."""
    path = visitor.request.match_info
    return await _carry_out(visitor, _verb_form(visitor, path["publication"], path["verb"]))


async def subscribe_channel(visitor: Visitor) -> web.StreamResponse:
    """Tell a channel of Slack what is published."""
    return await _carry_out(visitor, _subscribe_form(visitor))


async def unsubscribe_channel(visitor: Visitor) -> web.StreamResponse:
    """Tell a channel of Slack nothing more."""
    form = _unsubscribe_form(visitor)
    channel = str((await form_of(visitor.request)).get("channel", "")).strip()[:40]
    try:
        await carry_out(visitor, replace(form, fields=()), {"channel": channel})
    except Rejected as rejected:
        refused = replace(form, values={"channel": channel}, error=rejected.form.error)
        return await _page(visitor, refused, rejected.status)
    return redirect("/statuspage")


async def _carry_out(visitor: Visitor, form: Form) -> web.Response:
    try:
        await carry_out(visitor, form, visitor.request.match_info)
    except Rejected as rejected:
        return await _page(visitor, rejected.form, rejected.status)
    return redirect("/statuspage")


def _publish_form(visitor: Visitor) -> Form:
    policy = visitor.context.policy
    return form_for("publish", "/statuspage/publish", policy, "Publish something", "Publish")


def _maintenance_form(visitor: Visitor) -> Form:
    policy = visitor.context.policy
    return form_for("schedule_maintenance", "/statuspage/maintenance", policy, "Plan maintenance", "Plan it")


def _subscribe_form(visitor: Visitor) -> Form:
    policy = visitor.context.policy
    return form_for("subscribe_channel", "/statuspage/channels", policy, "Tell a channel", "Tell it")


def _unsubscribe_form(visitor: Visitor) -> Form:
    policy = visitor.context.policy
    form = form_for("unsubscribe_channel", "/statuspage/channels/end", policy, "Tell a channel nothing more", "End it")
    return replace(
        form, fields=(Field("channel", "Channel", "line", True, hint=HINTS["subscribe_channel", "channel"], most=40),)
    )


def _verb_form(visitor: Visitor, publication: str, verb: str, kind: str = "") -> Form:
    name, title = VERBS[verb]
    shown_title = "Complete" if verb == "resolve" and kind == "maintenance" else title
    return form_for(name, f"/statuspage/{publication}/{verb}", visitor.context.policy, shown_title)


async def _page(visitor: Visitor, refused: Form | None = None, status: int = 200) -> web.Response:
    page = await visitor.ask("get_status_page")
    past = (await visitor.ask("list_publications", limit=20))["publications"]
    async with visitor.context.database.reading() as conn:
        counts = await subscribers.counts(conn)
    part = list_part(visitor.request, "part", page["publications"], PER_PART)
    about = visitor.request.match_info.get("publication") or visitor.request.query.get("about", "")
    if about not in {row["id"] for row in page["publications"]}:
        about = part.rows[0]["id"] if part.rows else ""
    under_way = {publication["id"] for publication in page["publications"]}
    forms = [_publish_form(visitor), _maintenance_form(visitor)]
    if "slack" in visitor.context.policy.status_page.subscribe:
        forms += [_subscribe_form(visitor), _unsubscribe_form(visitor)]
    return await visitor.page(
        "status_page.html", status, at="statuspage", page=page, counts=counts,
        admin=visitor.may(Scope.ADMIN),
        component_names={component["key"]: component["name"] for component in page["components"]},
        listed=part.rows, part=part, about=about,
        about_forms=[
            form for row in page["publications"] if row["id"] == about for form in _verb_forms(visitor, row, refused)
        ],
        past=[publication for publication in past if publication["id"] not in under_way],
        forms=[refused if refused is not None and refused.action == form.action else form for form in forms],
    )  # fmt: skip


def _verb_forms(visitor: Visitor, publication: dict[str, Any], refused: Form | None) -> list[Form]:
    forms = [_verb_form(visitor, publication["id"], verb, publication["kind"]) for verb in VERBS]
    return [refused if refused is not None and refused.action == form.action else form for form in forms]
