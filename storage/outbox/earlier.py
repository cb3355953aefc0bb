"""Tells whether notices that must go out in order have an earlier one that has not gone out."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.schema import outbox

_c = outbox.c


async def waits(conn: AsyncConnection, prefix: str, row: int) -> bool:
    """Whether a notice whose `dedup_key` begins with the prefix was put before this row, and still waits."""
    unsent = _c.state.in_(("queued", "unknown", "leased", "held"))
    # The keys end in figures and letters: those that begin with `prefix:` lie between it and `prefix;`.
    keys = sa.and_(_c.dedup_key > f"{prefix}:", _c.dedup_key < f"{prefix};")
    return await conn.scalar(sa.select(_c.id).where(keys, unsent, _c.id < row).limit(1)) is not None
