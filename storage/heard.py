"""That people write in a channel, where what they write is not recorded (`record: key`): when, and nothing else."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.reminder import Activity
from storage import key_value
from storage.engine.columns import from_microseconds, to_microseconds
from storage.engine.dialect import insert
from storage.schema import meta as meta_table

KEPT = 50  # instants: more than any policy counts


async def note(conn: AsyncConnection, number: int, at: datetime) -> None:
    """Twice is safe. Whoever notes for the same incident at the same moment waits for the other."""
    name = meta_table.c.name == _name(number)
    begun = insert(conn, meta_table).values(name=_name(number), value=[])
    await conn.execute(begun.on_conflict_do_nothing())
    known = await conn.scalar(sa.select(meta_table.c.value).where(name).with_for_update()) or []
    await key_value.put(conn, _name(number), sorted({*known, to_microseconds(at)})[-KEPT:])


async def activity(conn: AsyncConnection, number: int, since: datetime) -> Activity:
    """As `timeline.activity`."""
    known = await key_value.get(conn, _name(number)) or []
    recent = sum(at >= to_microseconds(since) for at in known)
    return Activity(recent, from_microseconds(known[-1]) if known else None)


def _name(number: int) -> str:
    return f"heard:{number}"
