"""Reads the key entries of all timelines, the latest first: who did what, when and from which source."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.timeline.entry import Entry
from storage.schema import timeline
from storage.timeline.entries import entry_of

_c = timeline.c
_KEY = sa.text("key")  # as in the partial index, word for word


@dataclass(frozen=True, slots=True)
class AuditedEntry:
    """An entry with its place. `text` is empty where retention or a redaction removed it."""

    incident: int
    seq: int
    entry: Entry


async def newest(
    conn: AsyncConnection, limit: int, *, before: datetime | None = None, actor: str | None = None,
    kinds: Collection[str] = (),
) -> list[AuditedEntry]:  # fmt: skip
    """Up to `limit` key entries, the latest first, from before an instant, of an actor, of some kinds."""
    conditions: list[Any] = [_KEY]
    if before is not None:
        conditions.append(_c.at < before)
    if actor is not None:
        conditions.append(_c.actor == actor)
    if kinds:
        conditions.append(_c.kind.in_(sorted(kinds)))
    query = sa.select(timeline).where(*conditions).order_by(_c.at.desc(), _c.incident.desc(), _c.seq.desc())
    return [AuditedEntry(row.incident, row.seq, entry_of(row)) for row in await conn.execute(query.limit(limit))]
