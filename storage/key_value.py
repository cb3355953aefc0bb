"""Small things to remember by name, as JSON."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.engine.dialect import insert
from storage.schema import meta

_GET = sa.select(meta.c.value).where(meta.c.name == sa.bindparam("this"))


async def get(conn: AsyncConnection, name: str) -> Any | None:
    return await conn.scalar(_GET, {"this": name})


async def put_new(conn: AsyncConnection, name: str, value: Any) -> None:
    """Unless something stands there already: of several who try, the first one has put it."""
    row = insert(conn, meta).values(name=name, value=value)
    await conn.execute(row.on_conflict_do_nothing(index_elements=["name"]))


async def put(conn: AsyncConnection, name: str, value: Any) -> None:
    row = insert(conn, meta).values(name=name, value=value)
    await conn.execute(row.on_conflict_do_update(index_elements=["name"], set_={"value": row.excluded.value}))
