"""The timeline: appended to, read, counted, verified. Nothing here changes an entry; `storage.retention` purges."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.reminder import Activity
from bot.domain.timeline.entry import Entry, RecordedEntry, keyed_messages
from storage.engine.dialect import AnyRow, list_param
from storage.schema import timeline
from storage.timeline import chain
from storage.timeline.pagination import iter_by_seq
from storage.timeline.verify import verify

__all__ = ["activities", "activity", "append", "entries", "keyed", "last_of", "message", "of_actor", "read", "verify"]


@dataclass(frozen=True, slots=True)
class Standing:
    """Who wrote a message, and under which one where it is a reply."""

    actor: str
    thread_ts: str | None


# As in the partial indexes, word for word.
_BY_PERSON = sa.text("by_person")
_MESSAGE = sa.text("kind = 'message'")
_NO_MESSAGE = sa.text("kind <> 'message'")
_SAID = sa.and_(timeline.c.incident == sa.bindparam("number"), _BY_PERSON)
_ACTIVITY = sa.select(
    sa.select(sa.func.count()).where(_SAID, timeline.c.at >= sa.bindparam("since")).scalar_subquery(),
    sa.select(sa.func.max(timeline.c.at)).where(_SAID).scalar_subquery(),
)


async def append(conn: AsyncConnection, number: int, entries: Sequence[Entry]) -> list[RecordedEntry]:
    """What was written. An entry whose `dedup_key` stands in this incident already is skipped, so twice is safe."""
    return (await chain.append(conn, [(number, entries)]))[0]


async def read(
    conn: AsyncConnection, number: int, *, key_only: bool = False, limit: int | None = None, newest: bool = False
) -> list[RecordedEntry]:
    """In the order of the chain; `newest` takes the last `limit` of them instead of the first."""
    standing = await keyed(conn, number)
    wanted = sa.select(timeline).where(timeline.c.incident == number)
    if key_only:
        keyed_message = sa.and_(timeline.c.kind == "message", timeline.c.source_ts.in_(sorted(standing)))
        wanted = wanted.where(sa.or_(timeline.c.key, keyed_message))
    found = [_recorded(row, standing) async for row in iter_by_seq(conn, wanted, limit, newest=newest)]
    return found[::-1] if newest else found


async def activity(conn: AsyncConnection, number: int, since: datetime) -> Activity:
    """Messages by people at `since` or later, and when the last one ever was."""
    row = (await conn.execute(_ACTIVITY, {"number": number, "since": since})).one()
    return Activity(recent=row[0], last_at=row[1])


async def activities(conn: AsyncConnection, numbers: Sequence[int], since: datetime) -> dict[int, Activity]:
    """`activity` of several incidents."""
    given = {"numbers": list_param(conn, numbers), "since": since}
    found = await conn.execute(_activities(conn.dialect.name), given)
    return {row.number: Activity(recent=row.recent, last_at=row.last_at) for row in found}


@cache
def _activities(dialect: str) -> Any:
    if dialect == "postgresql":
        asked: Any = sa.func.unnest(sa.bindparam("numbers", type_=postgresql.ARRAY(sa.BigInteger)))
        given = asked.table_valued(sa.column("number", sa.BigInteger)).render_derived()
        number = given.c.number
    else:
        given = sa.func.json_each(sa.bindparam("numbers")).table_valued(sa.column("value", sa.BigInteger))
        number = given.c.value
    said = sa.and_(timeline.c.incident == number, _BY_PERSON)
    recent = sa.select(sa.func.count()).where(said, timeline.c.at >= sa.bindparam("since")).scalar_subquery()
    last = sa.select(sa.func.max(timeline.c.at)).where(said).scalar_subquery()
    return sa.select(number.label("number"), recent.label("recent"), last.label("last_at"))


async def last_of(
    conn: AsyncConnection, number: int, kinds: Sequence[str], actor: str | None = None
) -> RecordedEntry | None:
    """The newest entry of one of these kinds, by `actor` where given."""
    wanted = sa.select(timeline).where(timeline.c.incident == number, timeline.c.kind.in_(kinds))
    if "message" not in kinds:
        wanted = wanted.where(_NO_MESSAGE)
    if actor is not None:
        wanted = wanted.where(timeline.c.actor == actor)
    return await _one(conn, number, wanted.order_by(timeline.c.seq.desc()).limit(1))


async def of_actor(conn: AsyncConnection, number: int, kinds: Sequence[str], actor: str) -> list[Entry]:
    """Somebody's entries of these kinds, none of them `message`, in the order of the chain."""
    wanted = sa.select(timeline).where(timeline.c.incident == number, timeline.c.kind.in_(kinds), _NO_MESSAGE)
    rows = await conn.execute(wanted.where(timeline.c.actor == actor).order_by(timeline.c.seq))
    return [_entry(row) for row in rows]


async def of_kind(conn: AsyncConnection, number: int, kind: str) -> list[Entry]:
    """Every entry of this kind, which is not `message`, in the order of the chain."""
    wanted = sa.select(timeline).where(timeline.c.incident == number, timeline.c.kind == kind, _NO_MESSAGE)
    return [_entry(row) for row in await conn.execute(wanted.order_by(timeline.c.seq))]


async def of_kinds(
    conn: AsyncConnection, number: int, kinds: Sequence[str], source_ts: str | None = None
) -> list[Entry]:
    """Every entry of these kinds, none of them `message`, in the order of the chain; about one message where given."""
    wanted = sa.select(timeline).where(timeline.c.incident == number, timeline.c.kind.in_(kinds), _NO_MESSAGE)
    if source_ts is not None:
        wanted = wanted.where(timeline.c.source_ts == source_ts)
    return [_entry(row) for row in await conn.execute(wanted.order_by(timeline.c.seq))]


async def standing(conn: AsyncConnection, number: int, dedup_key: str) -> dict[str, Standing]:
    """The messages whose `dedup_key` begins so and that nobody is known to have deleted, by their `ts`."""
    gone = sa.select(timeline.c.source_ts).where(
        timeline.c.incident == number, timeline.c.kind == "message_deleted", _NO_MESSAGE
    )
    deleted = set(await conn.scalars(gone))
    columns = (timeline.c.seq, timeline.c.once, timeline.c.source_ts, timeline.c.actor, timeline.c.data)
    wanted = sa.select(*columns).where(timeline.c.incident == number, _MESSAGE)
    return {
        row.source_ts: Standing(row.actor, row.data.get("thread_ts"))
        async for row in iter_by_seq(conn, wanted)
        if row.source_ts not in deleted and (row.once or "").startswith(dedup_key)
    }


async def message(conn: AsyncConnection, number: int, source_ts: str) -> RecordedEntry | None:
    """The `message` entry about that `ts`."""
    about = sa.and_(timeline.c.incident == number, timeline.c.source_ts == source_ts, _MESSAGE)
    return await _one(conn, number, sa.select(timeline).where(about).limit(1))


async def entries(conn: AsyncConnection, number: int, seqs: Sequence[int]) -> list[RecordedEntry]:
    """Those with these places in the chain, in its order."""
    wanted = sa.select(timeline).where(timeline.c.incident == number, timeline.c.seq.in_(seqs))
    standing = await keyed(conn, number)
    return [_recorded(row, standing) for row in await conn.execute(wanted.order_by(timeline.c.seq))]


async def _one(conn: AsyncConnection, number: int, wanted: sa.Select[Any]) -> RecordedEntry | None:
    row = (await conn.execute(wanted)).one_or_none()
    if row is None:
        return None
    return _recorded(row, await keyed(conn, number) if row.kind == "message" else set())


async def keyed(conn: AsyncConnection, number: int) -> set[str]:
    """The `ts` of messages that somebody keeps keyed; by when it happened, for Slack does not deliver in order."""
    changes = await conn.execute(
        sa.select(timeline.c.kind, timeline.c.source_ts, timeline.c.actor)
        .where(timeline.c.incident == number, timeline.c.kind.in_(("keyed", "unkeyed")), _NO_MESSAGE)
        .order_by(timeline.c.at, timeline.c.seq)
    )
    return keyed_messages([(row.kind, row.source_ts, row.actor) for row in changes])


def _recorded(row: AnyRow, standing: set[str]) -> RecordedEntry:
    entry = _entry(row)
    key = entry.key or (entry.kind == "message" and entry.source_ts in standing)
    return RecordedEntry(row.incident, row.seq, entry, key, row.hash, row.previous, row.purged is not None)


def _entry(row: AnyRow) -> Entry:
    return Entry(row.at, row.kind, row.actor, row.text, row.source_ts, row.data, row.once, row.key)
