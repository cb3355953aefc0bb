"""The page that tells an audience: the draft from its template, whom it reaches, and who was told before."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from aiohttp import web

from bot.domain.errors import NotFound
from bot.domain.policy.policy import Policy
from bot.web.console.forms import Form, Rejected, carry_out, form_for, redirect
from bot.web.console.login_required import login_required
from bot.web.console.visitor import Console, Visitor
from bot.web.form import form_of

ONE = "/incidents/{id}/communications/{communication:[0-9]+}"
VERBS = {"approve": "approve_communication", "decline": "decline_communication", "correct": "correct_communication"}
GROUPS = {"channel": "Slack channel", "direct": "direct message", "email": "e-mail", "webhook": "webhook"}
_TITLES = {"approve": "Approve and send", "decline": "Keep it from going out", "correct": "Send a correction"}


def routes(console: Console) -> list[web.RouteDef]:
    """The page, and the forms to send, approve, decline and correct a message."""
    return [
        web.get("/incidents/{id}/tell", login_required(console, show)),
        web.post("/incidents/{id}/communications", login_required(console, send)),
        web.post(ONE + "/{verb:approve|decline|correct}", login_required(console, act)),
    ]


async def show(visitor: Visitor) -> web.StreamResponse:
    """Show the audiences, and for a chosen one its draft in the form that sends it."""
    return await _page(visitor)


async def send(visitor: Visitor) -> web.StreamResponse:
    """Send the message, or ask the second person."""
    form = _send_form(visitor, str((await form_of(visitor.request)).get("audience", "")))
    try:
        await carry_out(visitor, form, visitor.request.match_info)
    except Rejected as rejected:
        return await _page(visitor, rejected.form, rejected.status)
    return redirect(f"/incidents/{visitor.request.match_info['id']}/tell?done=Sent")


async def act(visitor: Visitor) -> web.StreamResponse:
    """Approve, decline or correct a message."""
    path = visitor.request.match_info
    form = _verb_form(visitor, path["communication"], path["verb"])
    try:
        await carry_out(visitor, form, path)
    except Rejected as rejected:
        return await _page(visitor, rejected.form, rejected.status)
    return redirect(f"/incidents/{path['id']}/tell")


def _send_form(visitor: Visitor, audience: str, *, findings: bool = True, **values: str) -> Form:
    path = f"/incidents/{visitor.request.match_info['id']}/communications"
    policy = visitor.context.policy
    form = form_for("send_communication", path, policy, "Send", "Send", audience=audience, **values)
    audiences = tuple((key, audience_rules.name) for key, audience_rules in policy.audiences.items())
    fields = tuple(
        replace(form_field, kind="choice", choices=audiences)
        if form_field.name == "audience"
        else replace(form_field, rows=14)
        if form_field.name == "text"
        else form_field
        for form_field in form.fields
        if form_field.name != "accept_findings" or findings
    )
    return replace(form, fields=fields, button="Ask for approval" if _needs_approval(policy, audience) else "Send")


def _needs_approval(policy: Policy, audience: str) -> bool:
    """Whether a second person approves what goes to this audience."""
    return audience in policy.audiences and policy.audiences[audience].second_person


def _verb_form(visitor: Visitor, number: str, verb: str) -> Form:
    path = f"/incidents/{visitor.request.match_info['id']}/communications/{number}/{verb}"
    return form_for(VERBS[verb], path, visitor.context.policy, _TITLES[verb])


async def _page(visitor: Visitor, refused: Form | None = None, status: int = 200) -> web.Response:
    path = {"id": visitor.request.match_info["id"]}
    incident = await visitor.ask("get_incident", path)
    audiences = (await visitor.ask("list_audiences", path))["audiences"]
    communications = (await visitor.ask("list_communications", path))["communications"]
    chosen = visitor.request.query.get("audience", "")
    draft: dict[str, Any] | None = None
    form = refused if refused is not None and refused.name == "send_communication" else None
    if chosen and form is None:
        if chosen not in {row["audience"] for row in audiences}:
            raise NotFound("There is no such audience.")
        draft = await visitor.ask("draft_communication", path, audience=chosen)
        values = {name: draft[name] for name in ("subject", "text", "stage")}
        form = _send_form(visitor, chosen, findings=bool(draft["findings"]), **values)
    rows = [{**row, "forms": _verb_forms(visitor, row, refused)} for row in communications]
    return await visitor.page(
        "tell.html", status, at="", incident=incident, audiences=audiences, chosen=chosen, draft=draft, form=form,
        told=rows, groups=GROUPS,
    )  # fmt: skip


def _verb_forms(visitor: Visitor, message: dict[str, Any], refused: Form | None) -> list[Form]:
    verbs = ("approve", "decline") if message["state"] == "asked" else ("correct",) if message["sent_at"] else ()
    forms = [_verb_form(visitor, str(message["number"]), verb) for verb in verbs]
    return [refused if refused is not None and refused.action == form.action else form for form in forms]
