"""Reads a timeline page by page, in the order in which its entries were recorded."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.timeline.entry import RecordedEntry
from storage.engine.dialect import in_list, list_param
from storage.schema import chains, timeline
from storage.timeline import entries

_c = timeline.c
_HEADS = sa.select(chains.c.incident, chains.c.seq)


@dataclass(frozen=True, slots=True)
class EntryFilter:
    """Which entries to read. An empty field narrows nothing down."""

    key_only: bool = False
    kinds: frozenset[str] = frozenset()
    beyond: int | None = None  # the `seq` of the last entry that was read
    newest_first: bool = False


async def read(conn: AsyncConnection, number: int, selection: EntryFilter, limit: int) -> list[RecordedEntry]:
    """Up to `limit` entries, each with later edits and the deletion of its message."""
    conditions: list[Any] = [_c.incident == number]
    if selection.beyond is not None:
        conditions.append(_c.seq < selection.beyond if selection.newest_first else _c.seq > selection.beyond)
    if selection.kinds:
        conditions.append(_c.kind.in_(sorted(selection.kinds)))
    if selection.key_only:
        marked = sorted(await entries.key_message_ts(conn, number))
        about = sa.and_(_c.kind.in_(("message", "file")), _c.source_ts.in_(marked))
        conditions.append(sa.or_(_c.key, about) if marked else _c.key)
    order = _c.seq.desc() if selection.newest_first else _c.seq
    seqs = list(await conn.scalars(sa.select(_c.seq).where(*conditions).order_by(order).limit(limit)))
    records = await entries.by_seqs(conn, number, seqs) if seqs else []
    return records[::-1] if selection.newest_first else records


async def heads(conn: AsyncConnection, numbers: Collection[int]) -> dict[int, int]:
    """The `seq` of the last entry of each incident."""
    if not numbers:
        return {}
    query = _HEADS.where(in_list(conn.dialect.name, chains.c.incident, "numbers"))
    rows = await conn.execute(query, {"numbers": list_param(conn, sorted(numbers))})
    return {row.incident: row.seq for row in rows}
