"""Who has opened the app's home tab, and when last."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.engine.dialect import insert
from storage.schema import homes

_c = homes.c
_SINCE = (
    sa.select(_c.user_id, _c.opened_at)
    .where(_c.opened_at >= sa.bindparam("instant"))
    .order_by(_c.opened_at.desc())
    .limit(sa.bindparam("most"))
)


async def opened(conn: AsyncConnection, user: str, now: datetime) -> None:
    row = insert(conn, homes).values(user_id=user, opened_at=now)
    await conn.execute(
        row.on_conflict_do_update(index_elements=["user_id"], set_={"opened_at": row.excluded.opened_at})
    )


async def since(conn: AsyncConnection, instant: datetime, limit: int) -> dict[str, datetime]:
    """When each opened it, of those who did since `instant`; the latest first."""
    rows = await conn.execute(_SINCE, {"instant": instant, "most": limit})
    return {row.user_id: row.opened_at for row in rows}
