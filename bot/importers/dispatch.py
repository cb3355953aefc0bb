"""Reads past incidents from the PostgreSQL tables of Netflix Dispatch, and of monzo/response.

Dispatch keeps each organisation in a schema of its own (`dispatch_organization_…`) with the tables `incident`, `event`,
`participant`, `participant_role` and `individual_contact`; response has `core_incident`, `core_timelineevent` and
`core_externaluser`. Their columns changed over the years, so rows are read whole, and missing columns are skipped.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from bot.domain.values.one_line import one_line
from bot.importers.account import Account, Origin, PastIncident, SourceObject
from bot.importers.errors import ImportFailed
from storage.engine.errors import StorageError
from storage.engine.url import parse_url

SOURCE = "dispatch"
MOST_ROWS = 500_000  # of one table
_WORDS = 20_000  # of one text
_HELD_BY_ONE = frozenset({"commander", "scribe", "communications_lead"})
_FIND = sa.text(
    "SELECT table_schema, table_name FROM information_schema.tables "
    "WHERE table_name IN ('incident', 'core_incident') AND table_schema NOT IN ('pg_catalog', 'information_schema') "
    "ORDER BY table_schema, table_name"
)
Row = Mapping[str, Any]


async def read_account(url: str) -> Account:
    """Read the past incidents of a database. Raises `ImportFailed`, whose message leaves out the password."""
    try:
        address = parse_url(url)
    except StorageError as error:
        raise ImportFailed(str(error).replace("DATABASE_URL", "DISPATCH_DATABASE_URL")) from None
    if address.get_backend_name() != "postgresql":
        raise ImportFailed("DISPATCH_DATABASE_URL must be the address of a PostgreSQL database.")
    try:
        engine = create_async_engine(address)
        try:
            async with engine.connect() as conn:
                await conn.execute(sa.text("SET TRANSACTION READ ONLY"))
                return await _account(conn)
        finally:
            await engine.dispose()
    except (SQLAlchemyError, OSError) as error:
        raise ImportFailed(f"The database of DISPATCH_DATABASE_URL cannot be read ({type(error).__name__}).") from None


async def _account(conn: AsyncConnection) -> Account:
    account = Account(SOURCE)
    priorities: dict[str, None] = {}
    for schema, table in (await conn.execute(_FIND)).all():
        read = _dispatch if table == "incident" else _response
        past = await read(conn, str(schema))
        account.past += past
        priorities |= dict.fromkeys(incident.priority for incident in past if incident.priority)
    if not account.past:
        raise ImportFailed("The database has no incidents of Dispatch or response in it.")
    account.priorities = [SourceObject(Origin("priority", name, name)) for name in sorted(priorities, key=_rank)]
    return account


def _rank(name: str) -> tuple[int, str]:
    """Sort key of a priority, worst first, by the names that Dispatch and response ship with."""
    order = ("critical", "1", "high", "2", "major", "medium", "3", "minor", "low", "4")
    return (order.index(name.lower()) if name.lower() in order else len(order), name)


async def _dispatch(conn: AsyncConnection, schema: str) -> list[PastIncident]:
    priorities = {row["id"]: _text(row, "name") for row in await _rows(conn, schema, "incident_priority")}
    contacts = {
        row["id"]: _text(row, "email") or _text(row, "name") for row in await _rows(conn, schema, "individual_contact")
    }
    participants = {row["id"]: row for row in await _rows(conn, schema, "participant")}
    roles: dict[Any, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for row in sorted(await _rows(conn, schema, "participant_role"), key=_assumed, reverse=True):
        participant = participants.get(row.get("participant_id"), {})
        person = contacts.get(participant.get("individual_contact_id"), "")
        holders = roles[participant.get("incident_id")][_role(_text(row, "role"))]
        if person and person not in holders:
            holders.append(person)
    events = await _by_incident(conn, schema, "event")
    incidents = []
    for row in await _rows(conn, schema, "incident"):
        name = _text(row, "name") or str(row["id"])
        past = _past_incident(f"{schema}/{row['id']}", f"{name}: {_text(row, 'title')}", row)
        past.priority = priorities.get(row.get("incident_priority_id"), "")
        past.text, past.fixed = _long(row, "description"), _long(row, "resolution")
        past.declared_at = _at(row, "reported_at") or _at(row, "created_at")
        past.resolved_at = _at(row, "stable_at") or _at(row, "closed_at")
        past.people = {role: _holder(role, people) for role, people in roles[row["id"]].items() if people}
        for event in events[row["id"]]:
            _note(
                past,
                _at(event, "started_at"),
                _text(event, "owner") or _text(event, "source"),
                _long(event, "description"),
            )
        closed = _text(row, "status").lower() in ("closed", "stable")
        _note_if_excluded(past, closed=closed, restricted=_text(row, "visibility").lower() == "restricted")
        incidents.append(past)
    return incidents


async def _response(conn: AsyncConnection, schema: str) -> list[PastIncident]:
    people = {
        row["id"]: _text(row, "email") or _text(row, "display_name")
        for row in await _rows(conn, schema, "core_externaluser")
    }
    events = await _by_incident(conn, schema, "core_timelineevent")
    incidents = []
    for row in await _rows(conn, schema, "core_incident"):
        past = _past_incident(f"{schema}/{row['id']}", _text(row, "report"), row)
        past.priority, past.declared_at = _text(row, "severity"), _at(row, "start_time") or _at(row, "report_time")
        past.text = "\n\n".join(part for part in (_long(row, "summary"), _long(row, "impact")) if part)
        past.resolved_at = _at(row, "end_time")
        if lead := people.get(row.get("lead_id"), ""):
            past.people = {"commander": lead}
        for event in events[row["id"]]:
            _note(past, _at(event, "timestamp"), "", _long(event, "text"))
        _note_if_excluded(past, closed=past.resolved_at is not None, restricted=bool(row.get("private")))
        incidents.append(past)
    return incidents


def _past_incident(identity: str, title: str, row: Row) -> PastIncident:
    text = one_line(title)[:300] or f"Incident {row['id']}"
    return PastIncident(Origin("incident", identity, text), title=text)


def _note_if_excluded(past: PastIncident, *, closed: bool, restricted: bool) -> None:
    if restricted:
        past.note(
            "It is restricted: here everybody would find it", "Keep an export of it where few may read it.", lost=True
        )
    elif past.declared_at is None:
        past.note("It has no time", "", lost=True)
    elif not closed:
        past.note("It is open", "Close it there and import again, or declare it here.", lost=True)


def _note(past: PastIncident, at: datetime | None, author: str, text: str) -> None:
    if at is not None and text:
        past.entries.append((at, author, text))


def _assumed(row: Row) -> tuple[bool, str]:
    """Sort key of a role: those that were kept come last, the latest one at the end."""
    return row.get("renounced_at") is None, str(row.get("assumed_at") or "")


def _holder(role: str, people: Sequence[str]) -> str:
    """Who had a role last; all of them where many have it at once. `people` has the latest first."""
    return people[0] if role in _HELD_BY_ONE else ", ".join(reversed(people))


def _role(name: str) -> str:
    return {"incident commander": "commander", "scribe": "scribe", "liaison": "communications_lead"}.get(
        name.lower(), name
    )


async def _by_incident(conn: AsyncConnection, schema: str, table: str) -> dict[Any, list[Row]]:
    grouped: dict[Any, list[Row]] = defaultdict(list)
    for row in await _rows(conn, schema, table):
        grouped[row.get("incident_id")].append(row)
    return grouped


async def _rows(conn: AsyncConnection, schema: str, table: str) -> Sequence[Row]:
    """All rows of a table, in the order of their IDs; none where there is no such table."""
    table_query = "SELECT 1 FROM information_schema.tables WHERE table_schema = :schema AND table_name = :table"
    if await conn.scalar(sa.text(table_query), {"schema": schema, "table": table}) is None:
        return []
    query = (
        sa.select(sa.text("*")).select_from(sa.table(table, schema=schema)).order_by(sa.column("id")).limit(MOST_ROWS)
    )
    return [dict(row) for row in (await conn.execute(query)).mappings()]


def _text(row: Row, name: str) -> str:
    value = row.get(name)
    return one_line(str(value))[:300] if value is not None else ""


def _long(row: Row, name: str) -> str:
    value = row.get(name)
    return value[:_WORDS].strip() if isinstance(value, str) else ""


def _at(row: Row, name: str) -> datetime | None:
    """An instant; one without a zone is in UTC, as both tools write it."""
    value = row.get(name)
    if not isinstance(value, datetime):
        return None
    return value.astimezone(UTC) if value.tzinfo is not None else value.replace(tzinfo=UTC)
