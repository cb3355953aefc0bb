"""The operation that reads the ledger: who did what in which incident, and through which door."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import ConfigDict, Field

from bot.domain.timeline.source import Source, source_of
from bot.json_shapes.incidents import instant
from bot.operations.base import CURSOR, Answer, Arguments, Call, Shape, question
from bot.operations.cursors import position, token
from bot.usecases.visibility import can_see
from storage import incidents
from storage.engine.columns import from_microseconds, to_microseconds
from storage.timeline import audit
from storage.timeline.audit import AuditedEntry

PAGE, MOST = 100, 200
READ = 1000  # entries at most, among which those through one door are looked for
MARGIN = 50  # entries more than asked for, since some may be hidden


class DeedShape(Shape):
    """Something that somebody did."""

    model_config = ConfigDict(title="Deed")

    at: datetime
    incident: str
    seq: int
    kind: str
    actor: str
    source: Source
    text: str


class DeedsShape(Shape):
    """What was done, the latest first."""

    model_config = ConfigDict(title="Deeds")

    deeds: list[DeedShape]
    next_cursor: str | None


class AuditArguments(Arguments):
    """Whose deeds, and through which door."""

    actor: Annotated[str, Field(min_length=1, max_length=40)] | None = None
    source: Source | None = None
    limit: Annotated[int, Field(ge=1, le=MOST)] = PAGE
    cursor: Annotated[str, Field(pattern=CURSOR, description="`next_cursor` of the page before.")] | None = None


async def _list(call: Call, given: AuditArguments) -> Answer:
    at = position(given.cursor)
    try:
        before = None if at is None else from_microseconds(at)
    except OverflowError:
        before = None
    async with call.context.database.reading() as conn:
        wanted = given.limit + MARGIN if given.source is None else READ
        read = await audit.newest(conn, wanted, before=before, actor=given.actor)
        private = await incidents.private_among(conn, {each.incident for each in read}) if not call.operator else []
        hidden = {incident.number for incident in private if not await can_see(conn, incident, call.actor)}
    shown = [each for each in read if each.incident not in hidden and given.source in (None, source_of(each.entry))]
    page = shown[: given.limit]
    page += [each for each in shown[given.limit :] if each.entry.at == page[-1].entry.at]  # what one change recorded
    return Answer({"deeds": [_json(each) for each in page], "next_cursor": _following(page, shown, read, wanted)})


def _following(
    page: list[AuditedEntry], shown: list[AuditedEntry], read: list[AuditedEntry], wanted: int
) -> str | None:
    """Where the next page begins: before the instant of the last entry."""
    last = page[-1] if len(shown) > len(page) else read[-1] if len(read) == wanted else None
    return None if last is None else token(to_microseconds(last.entry.at))


def _json(each: AuditedEntry) -> dict[str, Any]:
    return {
        "at": instant(each.entry.at),
        "incident": f"INC-{each.incident}",
        "seq": each.seq,
        "kind": each.entry.kind,
        "actor": each.entry.actor,
        "source": str(source_of(each.entry)),
        "text": each.entry.text,
    }


OPERATIONS = (
    question("list_deeds", "/audit", "Who did what, and through which door", _list, DeedsShape, tag="Audit",
             arguments=AuditArguments, example={"source": "console", "limit": 20}),
)  # fmt: skip
