"""Stores names of people, apps, channels and user groups by Slack ID, for use outside Slack."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.engine.dialect import in_list, insert, list_param
from storage.schema import names

_c = names.c


async def get_many(conn: AsyncConnection, ids: Collection[str], since: datetime | None = None) -> dict[str, str]:
    """The known names of these IDs; with `since` only those learnt after it."""
    if not ids:
        return {}
    rows = await conn.execute(_select(conn.dialect.name), {"ids": list_param(conn, sorted(ids))})
    return {row.id: row.name for row in rows if since is None or row.seen_at >= since}


@cache
def _select(dialect: str) -> Any:
    return sa.select(_c.id, _c.name, _c.seen_at).where(in_list(dialect, _c.id, "ids"))


async def containing(conn: AsyncConnection, part: str, limit: int = 50) -> dict[str, str]:
    """The names of people that contain these words in any case, by Slack ID; at most `limit`."""
    person = sa.or_(_c.id.startswith("U"), _c.id.startswith("W"))
    query = sa.select(_c.id, _c.name).where(person, _c.name.icontains(part, autoescape=True)).order_by(_c.id)
    return {row.id: row.name for row in await conn.execute(query.limit(limit))}


async def put_many(conn: AsyncConnection, learnt: Mapping[str, str], now: datetime) -> None:
    """Store names in place of those known before."""
    for slack_id, name in sorted(learnt.items()):
        row = insert(conn, names).values(id=slack_id, name=name, seen_at=now)
        changed = {"name": row.excluded.name, "seen_at": row.excluded.seen_at}
        await conn.execute(row.on_conflict_do_update(index_elements=["id"], set_=changed))
