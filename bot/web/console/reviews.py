"""The page of a post-incident review: the draft, each section as a form, its action items, and what comes next."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from aiohttp import web

from bot import review_formats
from bot.operations.visibility import visible_incident
from bot.usecases.reviews.read import read_review
from bot.web.console.door import Door, Visitor, signed_in
from bot.web.console.forms import Form, Rejected, carry_out, form_for, redirect
from bot.web.form import form_of

VERBS = {
    "open": ("start_review", "Open the review"), "edit": ("write_section", "Save"),
    "schedule": ("schedule_review", "Schedule it"), "complete": ("complete_review", "It took place"),
    "publish": ("publish_review", "Publish"), "action": ("create_action", "Add an action item"),
    "ask": ("ask_participants", "Ask the participants"),
}  # fmt: skip
NEXT = {None: ("open",), "draft": ("ask", "schedule", "complete"), "scheduled": ("ask", "schedule", "complete"),
        "completed": ("publish",), "published": ()}  # fmt: skip


def routes(door: Door) -> list[web.RouteDef]:
    """The routes."""
    return [
        web.get("/incidents/{id}/review", signed_in(door, show)),
        web.get("/incidents/{id}/review.md", signed_in(door, export)),
        web.post("/incidents/{id}/review/{verb:open|edit|schedule|complete|publish|action|ask}", signed_in(door, act)),
    ]


async def show(visitor: Visitor) -> web.StreamResponse:
    """The review."""
    return await _page(visitor)


async def export(visitor: Visitor) -> web.StreamResponse:
    """The review as Markdown."""
    incident = await visible_incident(visitor.call(visitor.request.match_info))
    context = visitor.door.context
    async with context.database.reading() as conn:
        view = await read_review(conn, await context.policies.of(conn, incident), incident.number)
    headers = {"Content-Disposition": f'attachment; filename="{incident.id}-review.md"'}
    return web.Response(text=review_formats.markdown(view), content_type="text/markdown", headers=headers)


async def act(visitor: Visitor) -> web.StreamResponse:
    """Change the review, and come back."""
    path = visitor.request.match_info
    sent = await form_of(visitor.request)
    section = str(sent.get("section", ""))[:40]
    form = _form(visitor, path["verb"], section)
    try:
        await carry_out(visitor, form, {**path, "section": section})
    except Rejected as rejected:
        return await _page(visitor, rejected.form, rejected.status)
    return redirect(f"/incidents/{path['id']}/review" + (f"#{section}" if section.isalpha() else ""))


def _form(visitor: Visitor, verb: str, section: str = "", **values: str) -> Form:
    name, title = VERBS[verb]
    path = f"/incidents/{visitor.request.match_info['id']}/review/{verb}"
    form = form_for(name, path, visitor.door.context.policy, title, **values)
    return replace(form, hidden={"section": section}) if section else form


async def _page(visitor: Visitor, refused: Form | None = None, status: int = 200) -> web.Response:
    path = visitor.request.match_info
    incident = await visitor.ask("get_incident", path)
    review = await visitor.ask("get_review", path)
    sections = []
    for section in review["sections"]:
        text = "\n".join(each["text"] for each in section["sentences"])
        form = _form(visitor, "edit", section["key"], text=text, version=str(section["version"]))
        if refused is not None and refused.hidden.get("section") == section["key"]:
            form = refused
        sections.append({**section, "form": form})
    forms = [_form(visitor, verb) for verb in NEXT.get(review["state"], ())]
    shown = [refused if refused is not None and refused.name == form.name else form for form in forms]
    adding: Any = _form(visitor, "action")
    if refused is not None and refused.name == adding.name:
        adding = refused
    return await visitor.page(
        "review.html", status, at="reviews", incident=incident, review=review, sections=sections, forms=shown,
        adding=adding, trouble=refused.error if refused is not None else "",
    )  # fmt: skip
