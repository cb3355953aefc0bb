"""The page of one section of a review: its text in Markdown, kept while it is written, its versions, and questions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from bot.domain.access.token import Scope
from bot.domain.errors import NotFound, Refused
from bot.domain.incident import Incident
from bot.domain.incident.state import ReviewState
from bot.domain.review import edited
from bot.domain.review.document import TITLES, Section
from bot.domain.review.view import ReviewView
from bot.operations.visibility import visible_incident
from bot.usecases.reviews.ask import answer
from bot.usecases.reviews.drafts import LONGEST, SectionDrafts, discard_draft, keep_draft, writing
from bot.usecases.reviews.read import read_review
from bot.usecases.unit_of_work import DuplicateDelivery
from bot.web.api.authentication import require
from bot.web.console.fields import Field
from bot.web.console.forms import ONCE, Form, Rejected, carry_out, form_for, redirect
from bot.web.console.login_required import login_required
from bot.web.console.visitor import Console, Visitor
from bot.web.form import form_of
from storage import reviews

LONGEST_ANSWER, MOST_VERSIONS = 3000, 50


@dataclass(frozen=True, slots=True)
class SectionView:
    """A section of an incident's review, as the visitor may see it."""

    incident: Incident
    review: ReviewView
    section: Section

    @property
    def path(self) -> str:
        """The page's path."""
        return f"/incidents/{self.incident.id}/review/{self.section.key}"

    @property
    def editable(self) -> bool:
        """Whether its text can still be changed."""
        review = self.incident.review
        return review is not None and review.state is not ReviewState.PUBLISHED


def routes(console: Console) -> list[web.RouteDef]:
    """The page, and the forms to save, to keep a draft, to discard it and to answer questions."""
    path = "/incidents/{id}/review/{section:" + "|".join(TITLES) + "}"
    return [
        web.get(path, login_required(console, show)),
        web.post(path, login_required(console, save)),
        web.post(path + "/draft", login_required(console, draft)),
        web.post(path + "/discard", login_required(console, discard)),
        web.post(path + "/answer", login_required(console, save_answers)),
    ]


async def show(visitor: Visitor) -> web.StreamResponse:
    """Show the section."""
    return await _page(visitor, await _section_view(visitor))


async def save(visitor: Visitor) -> web.StreamResponse:
    """Store the text as a new version. If somebody else did so meanwhile, show both texts."""
    view = await _section_view(visitor)
    path = {"id": view.incident.id, "section": view.section.key}
    form = form_for("write_section", view.path, visitor.context.policy, "Save")
    try:
        await carry_out(visitor, form, path)
    except Rejected as rejected:
        return await _page(visitor, await _section_view(visitor), rejected.form, rejected.status)
    await discard_draft(visitor.context, view.incident.number, view.section.key, visitor.person)
    return redirect(f"/incidents/{view.incident.id}/review#{view.section.key}")


async def draft(visitor: Visitor) -> web.StreamResponse:
    """Keep what is written so far. The script sends it while people type; the button does without a script."""
    view = await _section_view(visitor)
    _require_write(visitor)
    form_data = await form_of(visitor.request)
    version = str(form_data.get("version", ""))
    number = int(version) if version.isascii() and version.isdecimal() and len(version) <= 6 else 0
    text = str(form_data.get("text", "")).replace("\r\n", "\n")
    context, key = visitor.context, view.section.key
    await keep_draft(context, view.incident, key, number, text, visitor.person)
    if "application/json" not in visitor.request.headers.get("Accept", ""):
        return redirect(f"{view.path}?done=Kept")
    notice = await _notice_of_others(visitor, await writing(context, view.incident.number, key, visitor.person), number)
    return web.json_response({"at": f"{visitor.now:%H:%M}", "told": notice})


async def discard(visitor: Visitor) -> web.StreamResponse:
    """Forget the visitor's own draft."""
    view = await _section_view(visitor)
    await discard_draft(visitor.context, view.incident.number, view.section.key, visitor.person)
    return redirect(view.path)


async def save_answers(visitor: Visitor) -> web.StreamResponse:
    """Record the answers to questions of the section."""
    view = await _section_view(visitor)
    _require_write(visitor)
    form_data = await form_of(visitor.request)
    texts = {
        question.key: str(form_data.get(f"q-{question.key}", "")).strip()[:LONGEST_ANSWER]
        for question in view.section.questions
    }
    answers = {key: (view.section.key, text) for key, text in texts.items() if text}
    once = str(form_data.get(ONCE, ""))[:40]
    delivery = f"console:{visitor.session.id}:{once}" if once else None
    if not answers:
        return await _page(visitor, view, status=422, answering=_questions_form(view, "Answer at least one question."))
    call = visitor.call({"id": view.incident.id}, delivery)
    try:
        anonymous = bool(form_data.get("anonymous"))
        await answer(call.context, view.incident.number, answers, visitor.person, delivery, anonymous=anonymous)
    except DuplicateDelivery:
        pass
    except Refused as refused:
        return await _page(visitor, view, status=409, answering=_questions_form(view, refused.message))
    return redirect(f"/incidents/{view.incident.id}/review#{view.section.key}")


def _require_write(visitor: Visitor) -> None:
    require(visitor.token, Scope.WRITE)


async def _section_view(visitor: Visitor) -> SectionView:
    incident = await visible_incident(visitor.call(visitor.request.match_info))
    context = visitor.context
    async with context.database.reading() as conn:
        view = await read_review(conn, await context.policies.of(conn, incident), incident.number)
    key = visitor.request.match_info["section"]
    section = next((candidate for candidate in view.sections if candidate.key == key), None)
    if section is None:
        raise NotFound("The review has no such section.", "review")
    return SectionView(incident, view, section)


async def _page(
    visitor: Visitor, view: SectionView, refused: Form | None = None, status: int = 200, answering: Form | None = None
) -> web.Response:
    context, number, section = visitor.context, view.incident.number, view.section
    now_writing = await writing(context, number, section.key, visitor.person)
    async with context.database.reading() as conn:
        versions = (await reviews.history(conn, number, section.key))[:MOST_VERSIONS]
    text, version, restored = _text_to_edit(view, now_writing, refused)
    values: Mapping[str, Any] = {
        "incident": {"id": view.incident.id, "title": view.incident.title},
        "section": {"key": section.key, "title": section.title, "version": section.version},
        "sentences": [{"text": sentence.text, "cites": sentence.cites} for sentence in section.sentences],
        "versions": [{"version": e.version, "text": e.text, "author": e.author, "at": e.at} for e in versions],
        "path": view.path, "editable": view.editable, "text": text, "version": version, "restored": restored,
        "most": LONGEST, "told": await _notice_of_others(visitor, now_writing, version),
        "stored": now_writing.stored.text if now_writing.stored is not None else edited.as_text(section.sentences),
        "form": refused or form_for("write_section", view.path, context.policy, "Save"),
        "answering": answering or (_questions_form(view) if section.questions else None),
    }  # fmt: skip
    return await visitor.page("section.html", status, at="reviews", **values)


def _text_to_edit(view: SectionView, now_writing: SectionDrafts, refused: Form | None) -> tuple[str, int, bool]:
    """The text to write on, the version that saving it replaces, and whether it is a draft that was kept."""
    if refused is not None:  # it was read: sending it again means to replace what is there now
        return refused.values.get("text", ""), view.section.version, False
    if now_writing.mine is not None:
        return now_writing.mine.text, now_writing.mine.version, True
    return _current_text(view, now_writing), view.section.version, False


def _current_text(view: SectionView, now_writing: SectionDrafts) -> str:
    return now_writing.stored.text if now_writing.stored is not None else edited.as_text(view.section.sentences)


async def _notice_of_others(visitor: Visitor, now_writing: SectionDrafts, version: int) -> str:
    """The other people who are writing or have saved since, in words; empty if nobody."""
    people = [other_draft.author for other_draft in now_writing.others]
    stored = now_writing.stored
    words = await visitor.words([*people, stored.author if stored is not None else ""])
    parts = (
        [f"{', '.join(map(words.who, people))} {'is' if len(people) == 1 else 'are'} writing too."] if people else []
    )
    if stored is not None and stored.version > version:
        parts.append(f"{words.who(stored.author)} has saved version {stored.version} since you began.")
    return " ".join(parts)


def _questions_form(view: SectionView, error: str = "") -> Form:
    """The questions of the section with a field each."""
    fields = tuple(
        Field(f"q-{question.key}", question.text, "text", most=LONGEST_ANSWER, hint="")
        for question in view.section.questions
    )
    anonymous = Field("anonymous", "Without my name", "yes")
    return Form("answer", f"{view.path}/answer", "Answer", (*fields, anonymous), "Answer", error=error)
