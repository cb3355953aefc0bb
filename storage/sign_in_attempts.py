"""Stores the number of failed sign-ins that each address has left. Rows without information are deleted."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.access.sign_in_limit import Attempts, burst_limit
from storage.engine.dialect import insert
from storage.schema import sign_in_attempts

_c = sign_in_attempts.c


async def lock(conn: AsyncConnection, keys: Collection[str], now: datetime) -> dict[str, Attempts]:
    """The rows of these keys, which other replicas wait for until the transaction ends."""
    fresh = [{"key": key, "left": burst_limit(key), "at": now} for key in sorted(keys)]
    await conn.execute(insert(conn, sign_in_attempts).on_conflict_do_nothing(index_elements=["key"]), fresh)
    rows = await conn.execute(sa.select(sign_in_attempts).where(_c.key.in_(keys)).order_by(_c.key).with_for_update())
    return {row.key: Attempts(row.left, row.at) for row in rows}


async def put(conn: AsyncConnection, kept: Mapping[str, Attempts]) -> None:
    """Store these rows, which are locked."""
    for key, attempts in kept.items():
        await conn.execute(sa.update(sign_in_attempts).where(_c.key == key).values(left=attempts.left, at=attempts.at))


async def delete_before(conn: AsyncConnection, before: datetime) -> None:
    """Delete the rows of addresses that have not tried since."""
    await conn.execute(sa.delete(sign_in_attempts).where(_c.at < before))


async def count(conn: AsyncConnection) -> int:
    """The number of rows."""
    return int(await conn.scalar(sa.select(sa.func.count()).select_from(sign_in_attempts)) or 0)
