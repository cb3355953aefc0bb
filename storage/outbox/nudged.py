"""Reads whom the reminders of an incident mentioned."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.routing.notice import NoticeKind
from storage.schema import outbox

_c = outbox.c


async def mentions(conn: AsyncConnection, number: int) -> dict[str, tuple[str, ...]]:
    """The people whom each reminder mentioned, by the key of its deadline."""
    rows = sa.select(_c.deadline, _c.payload).where(_c.incident == number, _c.kind == str(NoticeKind.NUDGE))
    return {row.deadline: tuple(row.payload.get("mention") or ()) for row in await conn.execute(rows) if row.deadline}
