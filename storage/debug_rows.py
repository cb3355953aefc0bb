"""Reads the next rows of outbox and deadlines, for the demo's inspector."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.schema import deadlines, outbox


async def waiting_notices(conn: AsyncConnection, limit: int) -> list[dict[str, Any]]:
    """The oldest notices that are not sent: `once` (the dedup key), kind, state, attempts, error."""
    rows = await conn.execute(
        sa.select(outbox.c.dedup_key.label("once"), outbox.c.kind, outbox.c.state, outbox.c.attempts, outbox.c.error)
        .where(outbox.c.state.not_in(("sent", "dropped")))
        .order_by(outbox.c.id)
        .limit(limit)
    )
    return [dict(row._mapping) for row in rows]


async def upcoming_deadlines(conn: AsyncConnection, limit: int) -> list[dict[str, Any]]:
    """The deadlines that are due next: incident, kind, rung, due_at, reason."""
    rows = await conn.execute(
        sa.select(deadlines.c.incident, deadlines.c.kind, deadlines.c.rung, deadlines.c.due_at, deadlines.c.reason)
        .where(deadlines.c.state == "waiting")
        .order_by(deadlines.c.due_at)
        .limit(limit)
    )
    return [dict(row._mapping) for row in rows]
