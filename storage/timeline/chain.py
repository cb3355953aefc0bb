"""Appends entries to the hash chains of timelines, one chain for each incident.

The row in `chains` is the lock of its chain.
"""

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

Head = tuple[int, str]  # the seq and the hash of a chain's last entry


async def append(conn: AsyncConnection, items: Sequence[tuple[int, Sequence[Entry]]]) -> list[list[RecordedEntry]]:
    """Append each `(incident, entries)`. Returns the new records of each: not those whose `dedup_key` is known."""
    prepared = [(number, [_storable(entry) for entry in entries]) for number, entries in items]
    numbers = sorted({number for number, entries in prepared if entries})
    if not numbers:
        return [[] for _ in items]
    heads = await _lock(conn, numbers)
    dedup_keys = [entry.dedup_key for _, entries in prepared for entry in entries if entry.dedup_key is not None]
    recorded = await _recorded_keys(conn, numbers, dedup_keys)
    results = []
    for number, entries in prepared:
        records = []
        for entry in entries:
            if entry.dedup_key is not None:
                if (number, entry.dedup_key) in recorded:
                    continue
                recorded.add((number, entry.dedup_key))
            record = _link(number, heads[number], entry)
            heads[number] = (record.seq, record.hash)
            records.append(record)
        results.append(records)
    await _write(conn, [record for records in results for record in records], heads)
    return results


def _storable(entry: Entry) -> Entry:
    """The entry exactly as it will be read from the database, since its hash covers that."""
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
    """Lock the chains and return their heads. `numbers` are sorted, so that two writers cannot deadlock."""
    heads = await _heads(conn, numbers)
    new = {number: (0, GENESIS) for number in numbers if number not in heads}
    if not new or not is_postgresql(conn):  # on SQLite this is the only writer
        return heads | new
    if len((await conn.scalars(_insert_heads(conn.dialect.name), _head_rows(new))).all()) == len(new):
        return heads | new
    return await _heads(conn, numbers)  # another transaction has just begun one of these chains


async def _heads(conn: AsyncConnection, numbers: Sequence[int]) -> dict[int, Head]:
    rows = await conn.execute(_select_heads(conn.dialect.name), {"numbers": list_param(conn, numbers)})
    return {row.incident: (row.seq, row.head) for row in rows}


@cache
def _select_heads(dialect: str) -> Any:
    return (
        sa.select(chains.c.incident, chains.c.seq, chains.c.head)
        .where(in_list(dialect, chains.c.incident, "numbers"))
        .order_by(chains.c.incident)
        .with_for_update()  # without effect on SQLite
    )


async def _recorded_keys(
    conn: AsyncConnection, numbers: Sequence[int], dedup_keys: Collection[str]
) -> set[tuple[int, str]]:
    """The `(incident, dedup_key)` of entries that are in the timelines already."""
    if not dedup_keys:
        return set()
    values = {"numbers": list_param(conn, numbers), "dedup_keys": list_param(conn, dedup_keys)}
    rows = await conn.execute(_select_keys(conn.dialect.name), values)
    return {(row.incident, row.dedup_key) for row in rows}


@cache
def _select_keys(dialect: str) -> Any:
    return sa.select(timeline.c.incident, timeline.c.dedup_key).where(
        in_list(dialect, timeline.c.incident, "numbers"), in_list(dialect, timeline.c.dedup_key, "dedup_keys")
    )


async def _write(conn: AsyncConnection, records: Sequence[RecordedEntry], heads: dict[int, Head]) -> None:
    if not records:
        return
    await insert_all(conn, timeline, [_row(record) for record in records])
    await conn.execute(_upsert_heads(conn.dialect.name), _head_rows({r.incident: heads[r.incident] for r in records}))


@cache
def _insert_heads(dialect: str) -> Any:
    return insert_for(dialect, chains).on_conflict_do_nothing().returning(chains.c.incident)


@cache
def _upsert_heads(dialect: str) -> Any:
    """The foreign key rejects a number without an incident."""
    upsert = insert_for(dialect, chains)
    return upsert.on_conflict_do_update(
        index_elements=["incident"], set_={"seq": upsert.excluded.seq, "head": upsert.excluded.head}
    )


def _head_rows(heads: dict[int, Head]) -> list[dict[str, Any]]:
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
        "dedup_key": entry.dedup_key,
        "key": entry.key,
        "by_person": is_from_person(entry),
        "hash": record.hash,
        "previous": record.previous,
        "purged": None,
    }
