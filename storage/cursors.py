"""How far each channel's history has been read, and each thread's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.engine.dialect import insert
from storage.schema import cursors
from storage.schema import threads as _threads


@dataclass(frozen=True, slots=True)
class Cursor:
    """`ts`: of the last message read from this channel's history."""

    channel_id: str
    incident: int
    ts: str


async def get(conn: AsyncConnection, channel_id: str) -> Cursor | None:
    found = (await conn.execute(_all().where(cursors.c.channel_id == channel_id))).one_or_none()
    return None if found is None else Cursor(found.channel_id, found.incident, found.ts)


async def set(conn: AsyncConnection, channel_id: str, incident: int, ts: str) -> None:
    row = insert(conn, cursors).values(channel_id=channel_id, incident=incident, ts=ts)
    await conn.execute(row.on_conflict_do_update(index_elements=["channel_id"], set_={"incident": incident, "ts": ts}))


async def listing(conn: AsyncConnection) -> list[Cursor]:
    return [
        Cursor(row.channel_id, row.incident, row.ts) for row in await conn.execute(_all().order_by(cursors.c.incident))
    ]


async def thread(conn: AsyncConnection, channel_id: str, thread_ts: str) -> str | None:
    """The `latest_reply` up to which a thread has been read."""
    here = sa.and_(_threads.c.channel_id == channel_id, _threads.c.thread_ts == thread_ts)
    found: str | None = await conn.scalar(sa.select(_threads.c.latest_reply).where(here))
    return found


async def set_thread(conn: AsyncConnection, channel_id: str, thread_ts: str, latest_reply: str) -> None:
    row = insert(conn, _threads).values(channel_id=channel_id, thread_ts=thread_ts, latest_reply=latest_reply)
    await conn.execute(
        row.on_conflict_do_update(index_elements=["channel_id", "thread_ts"], set_={"latest_reply": latest_reply})
    )


async def threads(conn: AsyncConnection, channel_id: str) -> dict[str, str]:
    """`thread_ts` → `latest_reply` of every thread read in a channel."""
    wanted = sa.select(_threads.c.thread_ts, _threads.c.latest_reply).where(_threads.c.channel_id == channel_id)
    return {row.thread_ts: row.latest_reply for row in await conn.execute(wanted)}


def _all() -> sa.Select[Any]:
    return sa.select(cursors.c.channel_id, cursors.c.incident, cursors.c.ts)
