"""Records when people last opened the home tab, caught up with an incident, or wrote in its channel."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.lapsed.reminder_reason import Activity
from storage import key_value
from storage.engine.columns import from_microseconds, to_microseconds
from storage.engine.dialect import insert
from storage.schema import homes, reads, timeline

MESSAGES_KEPT = 50  # instants an incident: more than any policy counts
_PASSIVE_KINDS = ("joined", "left")  # often another person's doing, and no proof that they read anything
_HOMES_SINCE = (
    sa.select(homes.c.user_id, homes.c.opened_at)
    .where(homes.c.opened_at >= sa.bindparam("instant"))
    .order_by(homes.c.opened_at.desc())
    .limit(sa.bindparam("most"))
)


# — the home tab


async def home_opened(conn: AsyncConnection, user: str, now: datetime) -> None:
    """Record that the user opened the home tab just now."""
    row = insert(conn, homes).values(user_id=user, opened_at=now)
    await conn.execute(
        row.on_conflict_do_update(index_elements=["user_id"], set_={"opened_at": row.excluded.opened_at})
    )


async def homes_opened_since(conn: AsyncConnection, instant: datetime, limit: int) -> dict[str, datetime]:
    """When each user last opened the home tab, for those who did so since `instant`; the latest first."""
    rows = await conn.execute(_HOMES_SINCE, {"instant": instant, "most": limit})
    return {row.user_id: row.opened_at for row in rows}


# — how far each person has read an incident


async def mark_read(conn: AsyncConnection, number: int, user: str, now: datetime) -> None:
    """Record that the user caught up with the incident just now."""
    row = insert(conn, reads).values(incident=number, user_id=user, read_at=now)
    key = ["incident", "user_id"]
    await conn.execute(row.on_conflict_do_update(index_elements=key, set_={"read_at": row.excluded.read_at}))


async def last_read_at(conn: AsyncConnection, number: int, user: str) -> datetime | None:
    """When the user last caught up, wrote or pressed a button in the incident; `None` if they never did."""
    caught_up = sa.select(reads.c.read_at).where(reads.c.incident == number, reads.c.user_id == user)
    took_part = (
        sa.select(timeline.c.at)
        .where(timeline.c.incident == number, timeline.c.actor == user, timeline.c.kind.not_in(_PASSIVE_KINDS))
        .order_by(timeline.c.seq.desc())
        .limit(1)
    )
    instants: list[datetime | None] = [await conn.scalar(caught_up), await conn.scalar(took_part)]
    return max((instant for instant in instants if instant is not None), default=None)


# — message timestamps of incidents whose messages are not recorded (`record: key`)


async def note_message(conn: AsyncConnection, number: int, at: datetime) -> None:
    """Record when a person wrote in the incident's channel, without the text. Calling it twice is safe."""
    instants = await key_value.message_times(number).lock(conn, [])
    await key_value.message_times(number).put(conn, sorted({*instants, to_microseconds(at)})[-MESSAGES_KEPT:])


async def activity(conn: AsyncConnection, number: int, since: datetime) -> Activity:
    """Count the noted messages since an instant, as `timeline.entries.activity` does for recorded messages."""
    instants = await key_value.message_times(number).get(conn) or []
    recent = sum(at >= to_microseconds(since) for at in instants)
    return Activity(recent, from_microseconds(instants[-1]) if instants else None)
