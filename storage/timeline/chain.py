"""Writing the timeline's hash chains, one an incident. The chain's row is its lock."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.timeline.entry import GENESIS, Entry, RecordedEntry, content_hash, entry_hash, is_from_person
from storage.engine.columns import clean_text, dumps
from storage.engine.dialect import in_list, insert_all, insert_for, is_postgresql, list_param
from storage.schema import chains, timeline

Head = tuple[int, str]  # the last entry's seq and hash


async def append(conn: AsyncConnection, items: Sequence[tuple[int, Sequence[Entry]]]) -> list[list[RecordedEntry]]:
    """For each `(incident, entries)` what was written; an entry whose `dedup_key` stands in its incident is skipped."""
    prepared = [(number, [_storable(entry) for entry in entries]) for number, entries in items]
    numbers = sorted({number for number, entries in prepared if entries})
    if not numbers:
        return [[] for _ in items]
    heads = await _lock(conn, numbers)
    seen = await _standing(
        conn, numbers, [e.dedup_key for _, entries in prepared for e in entries if e.dedup_key is not None]
    )
    results = []
    for number, entries in prepared:
        written = []
        for entry in entries:
            if entry.dedup_key is not None:
                if (number, entry.dedup_key) in seen:
                    continue
                seen.add((number, entry.dedup_key))
            record = _link(number, heads[number], entry)
            heads[number] = (record.seq, record.hash)
            written.append(record)
        results.append(written)
    await _write(conn, [record for written in results for record in written], heads)
    return results


def _storable(entry: Entry) -> Entry:
    """The entry exactly as it will be read again, since its hash is taken over it."""
    return Entry(
        entry.at,
        clean_text(entry.kind),
        clean_text(entry.actor),
        clean_text(entry.text),
        None if entry.source_ts is None else clean_text(entry.source_ts),
        json.loads(dumps(entry.data)) if entry.data else {},
        None if entry.dedup_key is None else clean_text(entry.dedup_key),
        entry.key,
    )


def _link(number: int, head: Head, entry: Entry) -> RecordedEntry:
    seq, previous = head[0] + 1, head[1]
    content = content_hash(entry.text, dumps(entry.data))
    linked = entry_hash(previous, number, seq, entry, content, by_person=is_from_person(entry))
    return RecordedEntry(number, seq, entry, entry.key, linked, previous)


async def _lock(conn: AsyncConnection, numbers: Sequence[int]) -> dict[int, Head]:
    """Sorted, so that two writers of the same incidents wait for one another instead of for ever."""
    found = await _heads(conn, numbers)
    new = {number: (0, GENESIS) for number in numbers if number not in found}
    if not new or not is_postgresql(conn):  # on SQLite nobody else writes now
        return found | new
    if len((await conn.scalars(_begin(conn.dialect.name), _rows_of_heads(new))).all()) == len(new):
        return found | new
    return await _heads(conn, numbers)  # somebody else began one of them a moment ago


async def _heads(conn: AsyncConnection, numbers: Sequence[int]) -> dict[int, Head]:
    found = await conn.execute(_wanted_heads(conn.dialect.name), {"numbers": list_param(conn, numbers)})
    return {row.incident: (row.seq, row.head) for row in found}


@cache
def _wanted_heads(dialect: str) -> Any:
    return (
        sa.select(chains.c.incident, chains.c.seq, chains.c.head)
        .where(in_list(dialect, chains.c.incident, "numbers"))
        .order_by(chains.c.incident)
        .with_for_update()  # says nothing on SQLite
    )


async def _standing(conn: AsyncConnection, numbers: Sequence[int], dedup_keys: Collection[str]) -> set[tuple[int, str]]:
    if not dedup_keys:
        return set()
    given = {"numbers": list_param(conn, numbers), "onces": list_param(conn, dedup_keys)}
    found = await conn.execute(_wanted_onces(conn.dialect.name), given)
    return {(row.incident, row.once) for row in found}


@cache
def _wanted_onces(dialect: str) -> Any:
    return sa.select(timeline.c.incident, timeline.c.once).where(
        in_list(dialect, timeline.c.incident, "numbers"), in_list(dialect, timeline.c.once, "onces")
    )


async def _write(conn: AsyncConnection, records: Sequence[RecordedEntry], heads: dict[int, Head]) -> None:
    if not records:
        return
    await insert_all(conn, timeline, [_row(record) for record in records])
    await conn.execute(_upsert(conn.dialect.name), _rows_of_heads({r.incident: heads[r.incident] for r in records}))


@cache
def _begin(dialect: str) -> Any:
    return insert_for(dialect, chains).on_conflict_do_nothing().returning(chains.c.incident)


@cache
def _upsert(dialect: str) -> Any:
    """The foreign key refuses an incident that is not."""
    into = insert_for(dialect, chains)
    return into.on_conflict_do_update(
        index_elements=["incident"], set_={"seq": into.excluded.seq, "head": into.excluded.head}
    )


def _rows_of_heads(heads: dict[int, Head]) -> list[dict[str, Any]]:
    return [{"incident": number, "seq": seq, "head": head} for number, (seq, head) in sorted(heads.items())]


def _row(record: RecordedEntry) -> dict[str, Any]:
    entry = record.entry
    return {
        "incident": record.incident,
        "seq": record.seq,
        "at": entry.at,
        "kind": entry.kind,
        "actor": entry.actor,
        "text": entry.text,
        "source_ts": entry.source_ts,
        "data": entry.data,
        "once": entry.dedup_key,
        "key": entry.key,
        "by_person": is_from_person(entry),
        "hash": record.hash,
        "previous": record.previous,
        "purged": None,
    }
