"""What Slack and the hooks have delivered already, by a key of theirs."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.engine.dialect import insert_for
from storage.schema import deliveries


async def first(conn: AsyncConnection, key: str, now: datetime) -> bool:
    """Whether this is the first delivery; it counts as seen when the transaction commits, and not before."""
    done = await conn.execute(_first(conn.dialect.name), {"key": key, "seen_at": now})
    return bool(done.rowcount)


@cache
def _first(dialect: str) -> Any:
    return insert_for(dialect, deliveries).on_conflict_do_nothing()


async def forget(conn: AsyncConnection, before: datetime) -> int:
    """Drop what was seen before an instant; how many."""
    return (await conn.execute(sa.delete(deliveries).where(deliveries.c.seen_at < before))).rowcount
