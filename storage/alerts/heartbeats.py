"""Stores heartbeats as last heard, with the instant from which each is missing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa
from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.alerts.heartbeat import Heartbeat
from storage.engine.dialect import in_list, insert, list_param
from storage.schema import alert_heartbeats

_adapter = TypeAdapter(Heartbeat)
_c = alert_heartbeats.c
_UNTOLD = sa.text("NOT told")  # as in the partial index, word for word


async def hear(conn: AsyncConnection, beats: Sequence[Heartbeat], now: datetime) -> list[Heartbeat]:
    """Store heartbeats that were heard. Returns those that were missing, as they were."""
    if not beats:
        return []
    keys = {"keys": list_param(conn, [beat.key for beat in beats]), "now": now}
    overdue = [_adapter.validate_python(state) for state in await conn.scalars(_overdue(conn.dialect.name), keys)]
    rows = insert(conn, alert_heartbeats)
    changed = {"due_at": rows.excluded.due_at, "told": False, "state": rows.excluded.state}
    await conn.execute(
        rows.on_conflict_do_update(index_elements=["key"], set_=changed),
        [
            {
                "key": beat.key,
                "due_at": beat.due_at,
                "told": False,
                "state": _adapter.dump_python(beat, mode="json"),
            }
            for beat in beats
        ],
    )
    return overdue


async def lapsed_heartbeats(conn: AsyncConnection, now: datetime, limit: int) -> list[Heartbeat]:
    """Up to `limit` heartbeats that are missing, and of which nobody was told; the longest first."""
    query = sa.select(_c.state).where(_UNTOLD, _c.due_at <= now).order_by(_c.due_at).limit(limit)
    return [_adapter.validate_python(state) for state in await conn.scalars(query)]


async def mark_told(conn: AsyncConnection, beat: Heartbeat) -> None:
    """Store that people were told of the absence, unless the heartbeat was heard meanwhile."""
    is_same_absence = (_c.key == beat.key, _c.due_at == beat.due_at)
    await conn.execute(sa.update(alert_heartbeats).where(*is_same_absence).values(told=True))


@cache
def _overdue(dialect: str) -> Any:
    return sa.select(_c.state).where(in_list(dialect, _c.key, "keys"), _c.due_at <= sa.bindparam("now"))
