"""Erases the text and data of timeline entries, because of their age or a redaction; their hashes stay.

An erased entry keeps its place, time, actor and the hash of its content, so that the chain still verifies. The caller
appends an entry that names the erased ones: a text that vanished otherwise counts as a change.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.timeline.entry import Entry, content_hash, entry_hash
from storage.engine.columns import to_microseconds
from storage.engine.dialect import AnyRow
from storage.schema import timeline
from storage.timeline.verify import FIRST, KEPT_KINDS, seal_line

_c = timeline.c
_COLUMNS = (*(column for column in _c if column.key != "data"), sa.cast(_c.data, sa.Text).label("data"))
ERASABLE = sa.and_(_c.purged.is_(None), _c.kind.not_in(sorted(KEPT_KINDS)))


async def rows(
    conn: AsyncConnection, number: int, condition: sa.ColumnElement[bool], limit: int | None = None
) -> Sequence[AnyRow]:
    """An incident's entries that can be erased, in the order of the chain; their `data` is JSON as it is stored."""
    query = sa.select(*_COLUMNS).where(_c.incident == number, ERASABLE, condition).order_by(_c.seq)
    return (await conn.execute(query if limit is None else query.limit(limit))).all()


async def erase(conn: AsyncConnection, number: int, erased: Sequence[AnyRow]) -> str | None:
    """Erase these `rows`. Returns a seal over those whose hash is of the first kind, as it would not prove them."""
    hashes = [(row, _kept_hash(row, number)) for row in erased]
    update = sa.update(timeline).where(_c.incident == number, _c.seq == sa.bindparam("this"))
    update = update.values(text="", data=sa.bindparam("none"), purged=sa.bindparam("kept"))
    if hashes:
        await conn.execute(update, [{"this": row.seq, "kept": content, "none": {}} for row, content in hashes])
    sealed = [row for row, content in hashes if content == FIRST]
    if not sealed:
        return None
    seal = hashlib.sha256()
    for row in sealed:
        seal.update(seal_line(row, to_microseconds(row.at)))
    return seal.hexdigest()


def _kept_hash(row: AnyRow, number: int) -> str:
    """The hash of the entry's content; `FIRST` if the entry's own hash is of the first kind, which does not use it."""
    content = content_hash(row.text, row.data)
    item = Entry(row.at, row.kind, row.actor, "", row.source_ts, {}, row.dedup_key, row.key)
    computed = entry_hash(row.previous, number, row.seq, item, content, by_person=row.by_person)
    return content if computed == row.hash else FIRST
