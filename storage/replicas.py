"""Records which processes use this database; each reports every few seconds."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import key_value
from storage.engine.columns import Instant
from storage.engine.dialect import sql_now
from storage.schema import meta

GONE_AFTER = timedelta(seconds=40)  # longer than a lease


async def beat(conn: AsyncConnection, name: str) -> None:
    """Record that the replica `name` is running, by the database's clock."""
    now = await _now(conn)
    await key_value.replica(name).put(conn, {"seen_at": now.timestamp()})


async def leave(conn: AsyncConnection, name: str) -> None:
    """Record that the replica `name` has stopped."""
    await conn.execute(sa.delete(meta).where(meta.c.name == key_value.replica(name).name))


async def count(conn: AsyncConnection) -> int:
    """The number of running replicas, at least one. Deletes those that have not reported for `GONE_AFTER`."""
    now = await _now(conn)
    reports = sa.select(meta.c.name, meta.c.value).where(meta.c.name.startswith(key_value.REPLICA_PREFIX))
    reports_by_name: dict[str, Any] = {row.name: row.value for row in await conn.execute(reports)}
    gone_names = [
        name
        for name, value in reports_by_name.items()
        if now.timestamp() - value["seen_at"] > GONE_AFTER.total_seconds()
    ]
    if gone_names:
        await conn.execute(sa.delete(meta).where(meta.c.name.in_(gone_names)))
    return max(1, len(reports_by_name) - len(gone_names))


async def _now(conn: AsyncConnection) -> datetime:
    now: datetime | None = await conn.scalar(sa.select(sa.type_coerce(sql_now(conn.dialect.name), Instant)))
    assert now is not None  # noqa: S101 - the database always has the time
    return now
