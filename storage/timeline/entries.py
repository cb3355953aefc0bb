"""Reads and appends timeline entries; nothing here changes one.

Only `storage.retention` deletes old texts.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.lapsed.reminder_reason import Activity
from bot.domain.timeline.entry import Entry, RecordedEntry, is_message, keyed_messages
from storage.engine.columns import dumps
from storage.engine.dialect import AnyRow, in_list, list_param
from storage.schema import timeline
from storage.timeline import chain, later_changes
from storage.timeline.pagination import BY_SEQ, BY_TIME, PAGE, iter_rows

_c = timeline.c
# As in the partial indexes, word for word.
_BY_PERSON = sa.text("by_person")
_MESSAGE = sa.text("kind = 'message'")
_NO_MESSAGE = sa.text("kind <> 'message'")
_KEY = sa.text("key")
_PEOPLES = sa.and_(_c.incident == sa.bindparam("number"), _BY_PERSON)
_ACTIVITY = sa.select(
    sa.select(sa.func.count()).where(_PEOPLES, _c.at >= sa.bindparam("since")).scalar_subquery(),
    sa.select(sa.func.max(_c.at)).where(_PEOPLES).scalar_subquery(),
)


@dataclass(frozen=True, slots=True)
class MessageAuthor:
    """The author of a message, and its thread."""

    actor: str
    thread_ts: str | None  # of the message that it replies to; `None` if it is not a reply


async def append(conn: AsyncConnection, number: int, entries: Sequence[Entry]) -> list[RecordedEntry]:
    """Append entries and return the new records. One whose `dedup_key` is known is skipped, so twice is safe."""
    return (await chain.append(conn, [(number, entries)]))[0]


async def read(
    conn: AsyncConnection, number: int, *, key_only: bool = False, limit: int | None = None, newest: bool = False
) -> list[RecordedEntry]:
    """Up to `limit` entries in the order of time: the first ones, or with `newest` the last.

    Each comes with later edits and the deletion of its message. Slack delivers out of order, so this is not the order
    of the chain.
    """
    keyed = await key_message_ts(conn, number)
    if key_only:
        rows = await _key_rows(conn, number, keyed, limit, newest=newest)
    else:
        all_rows = sa.select(timeline).where(_c.incident == number)
        rows = [row async for row in iter_rows(conn, all_rows, BY_TIME, limit, newest=newest)]
    records = await later_changes.added(conn, number, [_recorded_entry(row, keyed) for row in rows])
    return records[::-1] if newest else records


async def _key_rows(
    conn: AsyncConnection, number: int, keyed: Collection[str], limit: int | None, *, newest: bool
) -> list[AnyRow]:
    """The rows of key entries: those written as such, and the messages that people marked."""
    key_rows = sa.select(timeline).where(_c.incident == number, _KEY)
    rows = [row async for row in iter_rows(conn, key_rows, BY_TIME, limit, newest=newest)]
    rows += await _message_rows(conn, number, (sorted(keyed, reverse=newest))[:limit])
    rows.sort(key=lambda row: (row.at, row.seq), reverse=newest)
    return rows[:limit]


def json_text(text: str) -> str:
    """A text as it is encoded in the stored JSON of an entry's data, without the quotes."""
    return dumps(text)[1:-1]


async def by_seqs(conn: AsyncConnection, number: int, seqs: Sequence[int]) -> list[RecordedEntry]:
    """The entries with these `seq`, in the order of the chain."""
    keyed = await key_message_ts(conn, number)
    rows = sa.select(timeline).where(_c.incident == number, _c.seq.in_(seqs)).order_by(_c.seq)
    return await later_changes.added(conn, number, [_recorded_entry(row, keyed) for row in await conn.execute(rows)])


async def seqs_between(
    conn: AsyncConnection, number: int, since: datetime, until: datetime, kinds: Collection[str]
) -> list[int]:
    """The numbers of an incident's entries of these kinds from that time, both ends included."""
    rows = sa.select(_c.seq).where(_c.incident == number, _c.at.between(since, until), _c.kind.in_(sorted(kinds)))
    return list(await conn.scalars(rows.order_by(_c.seq)))


async def message(conn: AsyncConnection, number: int, source_ts: str) -> RecordedEntry | None:
    """The entry of the message with this `ts`; `None` if it is not recorded."""
    rows = await _message_rows(conn, number, [source_ts])
    keyed = await key_message_ts(conn, number) if rows else set()
    return next(iter(await later_changes.added(conn, number, [_recorded_entry(row, keyed) for row in rows[:1]])), None)


async def _message_rows(conn: AsyncConnection, number: int, messages: Sequence[str]) -> list[AnyRow]:
    """The rows of messages, by `ts`. A message without text is represented by its file."""
    rows: list[AnyRow] = []
    for start in range(0, len(messages), PAGE):
        about = sa.and_(_c.incident == number, _c.source_ts.in_(messages[start : start + PAGE]))
        rows += await conn.execute(sa.select(timeline).where(about, _MESSAGE))
        files = await conn.execute(sa.select(timeline).where(about, _c.kind == "file", _NO_MESSAGE))
        rows += [row for row in files if is_message(entry_of(row))]
    return rows


async def newest_of_kinds(
    conn: AsyncConnection, number: int, kinds: Sequence[str], actor: str | None = None
) -> RecordedEntry | None:
    """The newest entry of these kinds, by `actor` if it is not None; `None` if there is none."""
    rows = sa.select(timeline).where(_c.incident == number, _c.kind.in_(kinds))
    if "message" not in kinds:
        rows = rows.where(_NO_MESSAGE)
    if actor is not None:
        rows = rows.where(_c.actor == actor)
    return await _one(conn, number, rows.order_by(_c.seq.desc()).limit(1))


async def of_actor(conn: AsyncConnection, number: int, kinds: Sequence[str], actor: str) -> list[Entry]:
    """A person's entries of these kinds, none of them `message`, in the order of the chain."""
    return await _entries(conn, number, kinds, _c.actor == actor)


async def of_actor_among(
    conn: AsyncConnection, numbers: Collection[int], kinds: Sequence[str], actor: str
) -> list[tuple[int, Entry]]:
    """A person's entries of these kinds in several incidents, each with the incident's number, as `of_actor` reads."""
    among = in_list(conn.dialect.name, _c.incident, "numbers")
    rows = sa.select(timeline).where(among, _c.kind.in_(kinds), _NO_MESSAGE, _c.actor == actor)
    stored_rows = await conn.execute(rows.order_by(_c.incident, _c.seq), {"numbers": list_param(conn, numbers)})
    return [(row.incident, entry_of(row)) for row in stored_rows]


async def of_kind(conn: AsyncConnection, number: int, kind: str) -> list[Entry]:
    """Every entry of this kind, which is not `message`, in the order of the chain."""
    return await _entries(conn, number, [kind])


async def of_kinds(
    conn: AsyncConnection, number: int, kinds: Sequence[str], source_ts: str | None = None
) -> list[Entry]:
    """Entries of these kinds, none of them `message`, in the order of the chain; only about `source_ts` if given."""
    return await _entries(conn, number, kinds, *(() if source_ts is None else (_c.source_ts == source_ts,)))


async def _entries(
    conn: AsyncConnection, number: int, kinds: Sequence[str], *conditions: sa.ColumnElement[bool]
) -> list[Entry]:
    rows = sa.select(timeline).where(_c.incident == number, _c.kind.in_(kinds), _NO_MESSAGE, *conditions)
    return [entry_of(row) for row in await conn.execute(rows.order_by(_c.seq))]


async def next_of_kinds(
    conn: AsyncConnection, number: int, kinds: Sequence[str], beyond: int, until: datetime, limit: int
) -> list[RecordedEntry]:
    """Up to `limit` entries of these kinds until that instant, in the order of time.

    They follow the entry with the `seq` `beyond`, 0 for the first. Each has later edits and its message's deletion.
    """
    last = sa.select(_c.at).where(_c.incident == number, _c.seq == beyond)
    query = sa.select(_c.seq).where(_c.incident == number, _c.at <= until, _c.kind.in_(kinds))
    if (at := await conn.scalar(last)) is not None:
        query = query.where(sa.tuple_(_c.at, _c.seq) > sa.tuple_(sa.literal(at, _c.at.type), sa.literal(beyond)))
    seqs = list(await conn.scalars(query.order_by(_c.at, _c.seq).limit(limit)))
    records = await by_seqs(conn, number, seqs) if seqs else []
    return sorted(records, key=lambda record: (record.entry.at, record.seq))


async def undeleted_messages(conn: AsyncConnection, number: int, dedup_key: str) -> dict[str, MessageAuthor]:
    """The messages whose `dedup_key` begins with this and that are not recorded as deleted, by `ts`."""
    deletions = sa.select(_c.source_ts).where(_c.incident == number, _c.kind == "message_deleted", _NO_MESSAGE)
    deleted = set(await conn.scalars(deletions))
    columns = (_c.seq, _c.dedup_key, _c.source_ts, _c.actor, _c.data)
    messages = sa.select(*columns).where(_c.incident == number, _c.kind.in_(("message", "file")), _c.purged.is_(None))
    return {
        row.source_ts: MessageAuthor(row.actor, row.data.get("thread_ts"))
        async for row in iter_rows(conn, messages, BY_SEQ)
        if row.source_ts not in deleted and (row.dedup_key or "").startswith(dedup_key)
    }


async def key_message_ts(conn: AsyncConnection, number: int) -> set[str]:
    """The `ts` of messages that people marked as key, by the time of each mark: Slack delivers out of order."""
    marks = await conn.execute(
        sa.select(_c.kind, _c.source_ts, _c.actor)
        .where(_c.incident == number, _c.kind.in_(("keyed", "unkeyed")), _NO_MESSAGE)
        .order_by(_c.at, _c.seq)
    )
    return keyed_messages([(row.kind, row.source_ts, row.actor) for row in marks])


async def activity(conn: AsyncConnection, number: int, since: datetime) -> Activity:
    """Count people's messages since an instant, and find when the last one was written, however long ago."""
    row = (await conn.execute(_ACTIVITY, {"number": number, "since": since})).one()
    return Activity(recent=row[0], last_at=row[1])


async def activity_by_incident(conn: AsyncConnection, numbers: Sequence[int], since: datetime) -> dict[int, Activity]:
    """The `activity` of several incidents, in one query."""
    values = {"numbers": list_param(conn, numbers), "since": since}
    rows = await conn.execute(_select_activity(conn.dialect.name), values)
    return {row.number: Activity(recent=row.recent, last_at=row.last_at) for row in rows}


@cache
def _select_activity(dialect: str) -> Any:
    if dialect == "postgresql":
        unnested: Any = sa.func.unnest(sa.bindparam("numbers", type_=postgresql.ARRAY(sa.BigInteger)))
        numbers = unnested.table_valued(sa.column("number", sa.BigInteger)).render_derived()
        number = numbers.c.number
    else:
        numbers = sa.func.json_each(sa.bindparam("numbers")).table_valued(sa.column("value", sa.BigInteger))
        number = numbers.c.value
    peoples = sa.and_(_c.incident == number, _BY_PERSON)
    recent = sa.select(sa.func.count()).where(peoples, _c.at >= sa.bindparam("since")).scalar_subquery()
    last = sa.select(sa.func.max(_c.at)).where(peoples).scalar_subquery()
    return sa.select(number.label("number"), recent.label("recent"), last.label("last_at"))


async def _one(conn: AsyncConnection, number: int, rows: sa.Select[Any]) -> RecordedEntry | None:
    row = (await conn.execute(rows)).one_or_none()
    if row is None:
        return None
    return _recorded_entry(row, await key_message_ts(conn, number) if row.kind in ("message", "file") else set())


def _recorded_entry(row: AnyRow, keyed: set[str]) -> RecordedEntry:
    entry = entry_of(row)
    key = entry.key or (is_message(entry) and entry.source_ts in keyed)
    return RecordedEntry(row.incident, row.seq, entry, key, row.hash, row.previous, row.purged is not None)


def entry_of(row: AnyRow) -> Entry:
    """The entry in a row of the table."""
    return Entry(row.at, row.kind, row.actor, row.text, row.source_ts, row.data, row.dedup_key, row.key)
