"""Who serves from this database: each process says every few seconds that it is there."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import key_value as small
from storage.engine.columns import Instant
from storage.engine.dialect import db_now_s
from storage.schema import meta

GONE_AFTER = timedelta(seconds=40)  # longer than a lease
_PREFIX = "replica:"


async def beat(conn: AsyncConnection, name: str) -> None:
    """`name` is there, by the database's clock."""
    now = await _now(conn)
    await small.put(conn, _PREFIX + name, {"seen_at": now.timestamp()})


async def leave(conn: AsyncConnection, name: str) -> None:
    await conn.execute(sa.delete(meta).where(meta.c.name == _PREFIX + name))


async def count(conn: AsyncConnection) -> int:
    """How many are there, at least one; those that were not heard of for `GONE_AFTER` are forgotten."""
    now = await _now(conn)
    rows = await conn.execute(sa.select(meta.c.name, meta.c.value).where(meta.c.name.startswith(_PREFIX)))
    seen: dict[str, Any] = {row.name: row.value for row in rows}
    gone = [name for name, value in seen.items() if now.timestamp() - value["seen_at"] > GONE_AFTER.total_seconds()]
    if gone:
        await conn.execute(sa.delete(meta).where(meta.c.name.in_(gone)))
    return max(1, len(seen) - len(gone))


async def _now(conn: AsyncConnection) -> datetime:
    found: datetime | None = await conn.scalar(sa.select(sa.type_coerce(db_now_s(conn), Instant)))
    assert found is not None  # noqa: S101 - the database knows what time it is
    return found
