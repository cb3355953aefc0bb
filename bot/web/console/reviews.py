"""The page of a post-incident review: the draft, each section as a form, its action items, and what comes next."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from bot import review_formats
from bot.domain.review.document import TITLES
from bot.domain.review.lint import HintKind, advice, lint
from bot.operations.visibility import visible_incident
from bot.usecases.reviews.read import read_review
from bot.web.console.forms import Form, Rejected, carry_out, form_for, redirect
from bot.web.console.login_required import login_required
from bot.web.console.visitor import Console, Visitor

VERBS = {
    "open": ("start_review", "Open the review"),
    "schedule": ("schedule_review", "Schedule it"), "complete": ("complete_review", "It took place"),
    "publish": ("publish_review", "Publish"), "action": ("create_action", "Add an action item"),
    "ask": ("ask_participants", "Ask the participants"),
}  # fmt: skip
MOST_SENTENCES = 25  # of a section, before the rest is asked for
NEXT = {None: ("open",), "draft": ("ask", "schedule", "complete"), "scheduled": ("ask", "schedule", "complete"),
        "completed": ("publish",), "published": ()}  # fmt: skip


def routes(console: Console) -> list[web.RouteDef]:
    """The page, its export, and the forms that change the review."""
    return [
        web.get("/incidents/{id}/review", login_required(console, show)),
        web.get("/incidents/{id}/review.md", login_required(console, export)),
        web.post(
            "/incidents/{id}/review/{verb:open|schedule|complete|publish|action|ask}", login_required(console, act)
        ),
    ]


async def show(visitor: Visitor) -> web.StreamResponse:
    """Show the review."""
    return await _page(visitor)


async def export(visitor: Visitor) -> web.StreamResponse:
    """Send the review as a Markdown file."""
    incident = await visible_incident(visitor.call(visitor.request.match_info))
    context = visitor.context
    async with context.database.reading() as conn:
        view = await read_review(conn, await context.policies.of(conn, incident), incident.number)
    headers = {"Content-Disposition": f'attachment; filename="{incident.id}-review.md"'}
    return web.Response(text=review_formats.markdown(view), content_type="text/markdown", headers=headers)


async def act(visitor: Visitor) -> web.StreamResponse:
    """Change the review, and come back."""
    path = visitor.request.match_info
    try:
        await carry_out(visitor, _verb_form(visitor, path["verb"]), path)
    except Rejected as rejected:
        return await _page(visitor, rejected.form, rejected.status)
    return redirect(f"/incidents/{path['id']}/review")


def _verb_form(visitor: Visitor, verb: str) -> Form:
    name, title = VERBS[verb]
    path = f"/incidents/{visitor.request.match_info['id']}/review/{verb}"
    return form_for(name, path, visitor.context.policy, title)


async def _page(visitor: Visitor, refused: Form | None = None, status: int = 200) -> web.Response:
    path = visitor.request.match_info
    incident = await visitor.ask("get_incident", path)
    review = await visitor.ask("get_review", path)
    expanded_key = visitor.request.query.get("all")
    sections = [_cut_section(section, whole=section["key"] == expanded_key) for section in review["sections"]]
    forms = [_verb_form(visitor, verb) for verb in NEXT.get(review["state"], ())]
    review_forms = [refused if refused is not None and refused.name == form.name else form for form in forms]
    adding: Any = _verb_form(visitor, "action")
    if refused is not None and refused.name == adding.name:
        adding = refused
    return await visitor.page(
        "review.html", status, at="reviews", incident=incident, review=review, sections=sections, forms=review_forms,
        adding=adding, asked=_questions_to(review, visitor.person),
        trouble=refused.error if refused is not None else "",
        hints=await _hints(visitor) if "complete" in NEXT.get(review["state"], ()) else [],
    )  # fmt: skip


async def _hints(visitor: Visitor) -> list[str]:
    """The lint's hints before the review is completed; open questions are beside the text."""
    incident = await visible_incident(visitor.call(visitor.request.match_info))
    async with visitor.context.database.reading() as conn:
        view = await read_review(conn, await visitor.context.policies.of(conn, incident), incident.number)
    hints = [hint for hint in lint(view.sections, view.actions) if hint.kind is not HintKind.OPEN]
    return list(dict.fromkeys(f"{TITLES[hint.section]}: {advice(hint)}" for hint in hints))


def _cut_section(section: dict[str, Any], *, whole: bool) -> dict[str, Any]:
    """A section with its first sentences, or with all of them."""
    sentences = section["sentences"] if whole else section["sentences"][:MOST_SENTENCES]
    return {**section, "shown": sentences, "left_out": len(section["sentences"]) - len(sentences)}


def _questions_to(review: dict[str, Any], person: str) -> list[dict[str, str]]:
    """The questions that are put to the visitor."""
    return [
        {"section": section["key"], "text": question["text"]}
        for section in review["sections"]
        for question in section["questions"]
        if question["to"] == person
    ]
