"""Operations on the review of an incident: read it, start it, write its sections, schedule, complete and publish it."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from bot import review_formats
from bot.domain.errors import NotFound, Refused
from bot.domain.review.document import TITLES
from bot.json_shapes.incidents import instant, review_json
from bot.operations.base import Answer, Arguments, Call, Instant, NoArguments, Operation, Shape, SlackId, question
from bot.operations.versions import version_of
from bot.operations.visibility import visible_incident
from bot.usecases.reviews.ask import ask_participants
from bot.usecases.reviews.changes import complete_review, edit_sections, open_review, schedule_review
from bot.usecases.reviews.publish import publish_review
from bot.usecases.reviews.read import read_review
from storage import incidents, reviews

TAG = "Reviews"
TEXT = 20_000


class ReviewShape(Shape):
    """A review. Each sentence cites the entries that it is based on."""

    model_config = ConfigDict(title="Review")

    incident: str
    title: str
    private: bool
    state: str | None = Field(description="`draft`, `scheduled`, `completed`, `published`; null: not opened.")
    facilitator: str | None
    participants: list[str]
    due_at: datetime | None
    scheduled_at: datetime | None
    sections: list[dict[str, Any]]
    actions: list[dict[str, Any]]
    figures: dict[str, Any]


class DocumentShape(Shape):
    """A review as a document: `text` of Markdown and HTML, `base64` of a Word document; the other is null."""

    model_config = ConfigDict(title="ReviewDocument")

    incident: str
    format: Literal["md", "html", "docx"]
    text: str | None
    base64: str | None


class VersionsShape(Shape):
    """The versions of a section that people wrote, the newest first."""

    model_config = ConfigDict(title="SectionVersions")

    section: str
    versions: list[dict[str, Any]]


class DocumentArguments(Arguments):
    """The format of the document."""

    format: Literal["md", "html", "docx"] = "md"


class SectionArguments(Arguments):
    """The text of a section; `[#7]` cites entry 7. `version` is the one that was read; 0 for the draft."""

    text: Annotated[str, Field(max_length=TEXT)]
    version: Annotated[int, Field(ge=0, le=1_000_000)]


class ScheduleArguments(Arguments):
    """The time of the review meeting, and its facilitator."""

    at: Instant
    facilitator: SlackId | None = None


async def _get(call: Call, _: NoArguments) -> Answer:
    await visible_incident(call)
    return await _answer(call)


async def _document(call: Call, arguments: DocumentArguments) -> Answer:
    incident = await visible_incident(call)
    async with call.context.database.reading() as conn:
        view = await read_review(conn, await call.context.policies.of(conn, incident), call.number)
    text, word = None, None
    match arguments.format:
        case "md":
            text = review_formats.markdown(view)
        case "html":
            text = review_formats.html_page(view)
        case "docx":  # the other requests do not wait for it
            word = b64encode(await asyncio.to_thread(review_formats.docx, view)).decode()
    return Answer({"incident": incident.id, "format": arguments.format, "text": text, "base64": word})


async def _start(call: Call, _: NoArguments) -> Answer:
    await visible_incident(call)
    await open_review(call.context, call.number, call.actor, call.delivery)
    return await _answer(call)


async def _section(call: Call, arguments: SectionArguments) -> Answer:
    await visible_incident(call)
    key = _key(call)
    texts = {key: (arguments.version, arguments.text)}
    overtaken = await edit_sections(call.context, call.number, texts, call.actor, call.delivery)
    if overtaken:
        raise Refused(
            f"{overtaken[key].author} has changed this section since you read it: it is version "
            f"{overtaken[key].version} now. Read it again, then send your text with that version."
        )
    return await _answer(call)


async def _versions(call: Call, _: NoArguments) -> Answer:
    await visible_incident(call)
    key = _key(call)
    async with call.context.database.reading() as conn:
        versions = await reviews.history(conn, call.number, key)
    rows = [
        {"version": version.version, "text": version.text, "author": version.author, "at": instant(version.at)}
        for version in versions
    ]
    return Answer({"section": key, "versions": rows})


async def _schedule(call: Call, arguments: ScheduleArguments) -> Answer:
    await visible_incident(call)
    await schedule_review(call.context, call.number, arguments.at, arguments.facilitator, call.actor, call.delivery)
    return await _answer(call)


async def _complete(call: Call, _: NoArguments) -> Answer:
    await visible_incident(call)
    await complete_review(call.context, call.number, call.actor, call.delivery)
    return await _answer(call)


async def _publish(call: Call, _: NoArguments) -> Answer:
    await visible_incident(call)
    await publish_review(call.context, call.number, call.actor, call.delivery)
    return await _answer(call)


async def _ask(call: Call, _: NoArguments) -> Answer:
    await visible_incident(call)
    await ask_participants(call.context, call.number, call.actor, call.delivery)
    return await _answer(call)


def _key(call: Call) -> str:
    key = call.path["section"]
    if key not in TITLES:
        raise NotFound(f"A review has no section {key[:40]}. It has: {', '.join(TITLES)}.", "review")
    return key


async def _answer(call: Call) -> Answer:
    async with call.context.database.reading() as conn:
        incident = await incidents.get(conn, call.number)
        if incident is None:
            raise NotFound(f"There is no incident INC-{call.number}.", "list all")
        policy = await call.context.policies.of(conn, incident)
        view = await read_review(conn, policy, call.number)
    return Answer(review_json(view, datetime.now(UTC).date()), version_of(incident))


def _verb(word: str, name: str, summary: str, run: Any, **more: Any) -> Operation:
    path = "/incidents/{id}/review" + (f"/{word}" if word else "")
    return Operation(
        name=name, method="POST", path=path, summary=summary, run=run, answer=ReviewShape, conditional=True, tag=TAG,
        **more,
    )  # fmt: skip


OPERATIONS = (
    question("get_review", "/incidents/{id}/review", "Read the review of an incident", _get, ReviewShape, tag=TAG),
    question(
        "get_review_document", "/incidents/{id}/review/document",
        "Read the review as Markdown, HTML or a Word document", _document, DocumentShape, tag=TAG,
        arguments=DocumentArguments, example={"format": "html"},
    ),
    question(
        "list_section_versions", "/incidents/{id}/review/sections/{section}/versions",
        "Read every version of what people wrote for a section", _versions, VersionsShape, tag=TAG,
    ),
    _verb("", "start_review", "Open the review of an incident that has ended", _start),
    Operation(
        name="write_section", method="PUT", path="/incidents/{id}/review/sections/{section}",
        summary="Write a section of the review", run=_section, answer=ReviewShape, arguments=SectionArguments,
        conditional=True, tag=TAG, example={"text": "- Roll out slowly [#1]", "version": 0},
    ),
    _verb("ask", "ask_participants", "Ask each participant what the record leaves open", _ask),
    _verb(
        "schedule", "schedule_review", "Set when the review takes place", _schedule, arguments=ScheduleArguments,
        example={"at": "2030-05-06T10:00:00Z"},
    ),
    _verb("complete", "complete_review", "Say that it took place and its text is final", _complete),
    _verb("publish", "publish_review", "Publish it to the announcement channel", _publish),
)  # fmt: skip
