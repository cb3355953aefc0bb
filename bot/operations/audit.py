"""The operation that reads the audit log: who did what in which incident, and from which source."""

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
READ = 1000  # entries read at most to find those of one source
MARGIN = 50  # extra entries to read, since some may be hidden


class AuditEventShape(Shape):
    """One thing that a person did."""

    model_config = ConfigDict(title="AuditEvent")

    at: datetime
    incident: str
    seq: int
    kind: str
    actor: str
    source: Source
    text: str


class AuditEventsShape(Shape):
    """A page of deeds, the latest first."""

    model_config = ConfigDict(title="AuditEvents")

    deeds: list[AuditEventShape]
    next_cursor: str | None


class AuditArguments(Arguments):
    """Whose deeds to list, and from which source."""

    actor: Annotated[str, Field(min_length=1, max_length=40)] | None = None
    source: Source | None = None
    limit: Annotated[int, Field(ge=1, le=MOST)] = PAGE
    cursor: Annotated[str, Field(pattern=CURSOR, description="`next_cursor` of the page before.")] | None = None


async def _list(call: Call, arguments: AuditArguments) -> Answer:
    at = position(arguments.cursor)
    try:
        before = None if at is None else from_microseconds(at)
    except OverflowError:
        before = None
    async with call.context.database.reading() as conn:
        read_limit = arguments.limit + MARGIN if arguments.source is None else READ
        deeds = await audit.newest(conn, read_limit, before=before, actor=arguments.actor)
        private = await incidents.private_among(conn, {deed.incident for deed in deeds}) if not call.operator else []
        hidden = {incident.number for incident in private if not await can_see(conn, incident, call.actor)}
    visible_deeds = [
        deed for deed in deeds if deed.incident not in hidden and arguments.source in (None, source_of(deed.entry))
    ]
    page = visible_deeds[: arguments.limit]
    page += [
        deed for deed in visible_deeds[arguments.limit :] if deed.entry.at == page[-1].entry.at
    ]  # all entries of one change together
    return Answer(
        {"deeds": [_json(deed) for deed in page], "next_cursor": _following(page, visible_deeds, deeds, read_limit)}
    )


def _following(
    page: list[AuditedEntry], visible_deeds: list[AuditedEntry], deeds: list[AuditedEntry], read_limit: int
) -> str | None:
    """The cursor of the next page, which begins before the instant of the last entry; None at the end."""
    last = page[-1] if len(visible_deeds) > len(page) else deeds[-1] if len(deeds) == read_limit else None
    return None if last is None else token(to_microseconds(last.entry.at))


def _json(deed: AuditedEntry) -> dict[str, Any]:
    return {
        "at": instant(deed.entry.at),
        "incident": f"INC-{deed.incident}",
        "seq": deed.seq,
        "kind": deed.entry.kind,
        "actor": deed.entry.actor,
        "source": str(source_of(deed.entry)),
        "text": deed.entry.text,
    }


OPERATIONS = (
    question("list_deeds", "/audit", "Who did what, and from which source", _list, AuditEventsShape, tag="Audit",
             arguments=AuditArguments, example={"source": "console", "limit": 20}),
)  # fmt: skip
