"""Operations that read the timeline of an incident, and its ledger of reminders and pages."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from bot.json_shapes.incidents import entry_json, reminder_json
from bot.operations.base import CURSOR, Answer, Arguments, Call, question
from bot.operations.cursors import position, token
from bot.operations.shapes import RemindersShape, TimelineShape
from bot.operations.visibility import visible_incident
from storage import deadlines
from storage.timeline import entry_pages

PAGE, MOST = 100, 500


class TimelineArguments(Arguments):
    """Which entries to read."""

    key: Annotated[bool, Field(description="Only the key entries.")] = False
    kind: Annotated[str, Field(max_length=200, description="Kinds, separated by commas.")] | None = None
    order: Annotated[Literal["asc", "desc"], Field(description="As recorded, or the latest first.")] = "asc"
    limit: Annotated[int, Field(ge=1, le=MOST)] = PAGE
    cursor: Annotated[str, Field(pattern=CURSOR, description="`next_cursor` of the page before.")] | None = None


async def _timeline(call: Call, arguments: TimelineArguments) -> Answer:
    await visible_incident(call)
    kinds = frozenset(name.strip() for name in (arguments.kind or "").split(",") if name.strip())
    entry_filter = entry_pages.EntryFilter(
        arguments.key, kinds, position(arguments.cursor), newest_first=arguments.order == "desc"
    )
    async with call.context.database.reading() as conn:
        records = await entry_pages.read(conn, call.number, entry_filter, arguments.limit + 1)
    page = records[: arguments.limit]
    cursor = token(page[-1].seq) if len(records) > arguments.limit else None
    return Answer({"entries": [entry_json(record) for record in page], "next_cursor": cursor})


async def _reminders(call: Call, _: Arguments) -> Answer:
    await visible_incident(call)
    async with call.context.database.reading() as conn:
        rows = await deadlines.ledger(conn, call.number)
    return Answer({"reminders": [reminder_json(row) for row in rows]})


OPERATIONS = (
    question(
        "list_entries", "/incidents/{id}/timeline", "Read the timeline", _timeline, TimelineShape,
        arguments=TimelineArguments, example={"key": True, "limit": 20},
    ),
    question(
        "list_reminders", "/incidents/{id}/reminders", "Read the ledger: every reminder and page, and why",
        _reminders, RemindersShape,
    ),
)  # fmt: skip
