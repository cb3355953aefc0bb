"""Who has read how far, in which incident."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.engine.dialect import insert
from storage.schema import reads, timeline

_CAME_OR_WENT = ("joined", "left")  # often somebody else's doing, and nothing read yet


async def put(conn: AsyncConnection, number: int, user: str, now: datetime) -> None:
    row = insert(conn, reads).values(incident=number, user_id=user, read_at=now)
    same = ["incident", "user_id"]
    await conn.execute(row.on_conflict_do_update(index_elements=same, set_={"read_at": row.excluded.read_at}))


async def last(conn: AsyncConnection, number: int, user: str) -> datetime | None:
    """When they last caught up, wrote or pressed something there; `None` where they never did."""
    caught_up = sa.select(reads.c.read_at).where(reads.c.incident == number, reads.c.user_id == user)
    took_part = (
        sa.select(timeline.c.at)
        .where(timeline.c.incident == number, timeline.c.actor == user, timeline.c.kind.not_in(_CAME_OR_WENT))
        .order_by(timeline.c.seq.desc())
        .limit(1)
    )
    found: list[datetime | None] = [await conn.scalar(caught_up), await conn.scalar(took_part)]
    return max((instant for instant in found if instant is not None), default=None)
