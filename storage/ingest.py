"""Records which deliveries of Slack and webhooks were accepted, and how far each channel's history has been read."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.engine.dialect import in_list, insert, insert_for, list_param
from storage.schema import cursors, deliveries, threads

KEYS_AT_ONCE = 250  # in a statement: preparing more at once would hold up the event loop


@dataclass(frozen=True, slots=True)
class ChannelCursor:
    """The position up to which a channel's history has been read."""

    channel_id: str
    incident: int
    ts: str  # of the last message that was read


async def claim_delivery(conn: AsyncConnection, key: str, now: datetime) -> bool:
    """Record a delivery by its key. False if it was recorded before.

    It counts as recorded when the transaction commits, so a delivery whose transaction fails can be claimed again.
    """
    inserted = await conn.execute(_insert_delivery(conn.dialect.name), {"key": key, "seen_at": now})
    return bool(inserted.rowcount)


async def claim_deliveries(conn: AsyncConnection, keys: Collection[str], now: datetime) -> set[str]:
    """Record many deliveries by their keys. Returns the keys of those that were recorded before."""
    claimed_before: set[str] = set()
    ordered = sorted(keys)
    for start in range(0, len(ordered), KEYS_AT_ONCE):
        part = ordered[start : start + KEYS_AT_ONCE]
        stored_keys = await conn.scalars(_select_deliveries(conn.dialect.name), {"keys": list_param(conn, part)})
        claimed_before.update(stored_keys)
        if new := [{"key": key, "seen_at": now} for key in part if key not in claimed_before]:
            await conn.execute(_insert_delivery(conn.dialect.name), new)
    return claimed_before


@cache
def _select_deliveries(dialect: str) -> Any:
    return sa.select(deliveries.c.key).where(in_list(dialect, deliveries.c.key, "keys"))


async def is_claimed(conn: AsyncConnection, key: str) -> bool:
    """Whether a delivery is recorded."""
    return await conn.scalar(sa.select(deliveries.c.key).where(deliveries.c.key == key)) is not None


@cache
def _insert_delivery(dialect: str) -> Any:
    return insert_for(dialect, deliveries).on_conflict_do_nothing()


async def channel_cursor(conn: AsyncConnection, channel_id: str) -> ChannelCursor | None:
    """The cursor of a channel; `None` if its history was never read."""
    cursor = sa.select(cursors.c.channel_id, cursors.c.incident, cursors.c.ts)
    row = (await conn.execute(cursor.where(cursors.c.channel_id == channel_id))).one_or_none()
    return None if row is None else ChannelCursor(row.channel_id, row.incident, row.ts)


async def set_channel_cursor(conn: AsyncConnection, channel_id: str, incident: int, ts: str) -> None:
    """Record that a channel's history has been read up to the message `ts`."""
    row = insert(conn, cursors).values(channel_id=channel_id, incident=incident, ts=ts)
    await conn.execute(row.on_conflict_do_update(index_elements=["channel_id"], set_={"incident": incident, "ts": ts}))


async def thread_cursor(conn: AsyncConnection, channel_id: str, thread_ts: str) -> str | None:
    """The `latest_reply` up to which a thread has been read; `None` if it never was."""
    in_thread = sa.and_(threads.c.channel_id == channel_id, threads.c.thread_ts == thread_ts)
    latest_reply: str | None = await conn.scalar(sa.select(threads.c.latest_reply).where(in_thread))
    return latest_reply


async def set_thread_cursor(conn: AsyncConnection, channel_id: str, thread_ts: str, latest_reply: str) -> None:
    """Record that a thread has been read up to `latest_reply`."""
    row = insert(conn, threads).values(channel_id=channel_id, thread_ts=thread_ts, latest_reply=latest_reply)
    await conn.execute(
        row.on_conflict_do_update(index_elements=["channel_id", "thread_ts"], set_={"latest_reply": latest_reply})
    )
