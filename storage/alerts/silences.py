"""Stores silences of alerts. They end by themselves, or earlier by a person."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.alerts.silence import Silence
from storage.engine.dialect import AnyRow
from storage.schema import alert_silences

MOST = 500  # silences that are in force at once; the newest count
_adapter = TypeAdapter(Silence)
_c = alert_silences.c


async def add(conn: AsyncConnection, silence: Silence) -> Silence:
    """Store a new silence, and return it with its number."""
    values: dict[str, Any] = {"ends_at": silence.ends_at, "state": _adapter.dump_python(silence, mode="json")}
    number = await conn.scalar(sa.insert(alert_silences).values(**values).returning(_c.id))
    return replace(silence, number=int(number or 0))


async def in_force(conn: AsyncConnection, now: datetime) -> list[Silence]:
    """The silences that have not ended, the newest first."""
    rows = await conn.execute(
        sa.select(_c.id, _c.ends_at, _c.state).where(_c.ends_at > now).order_by(_c.id.desc()).limit(MOST)
    )
    return [_silence(row) for row in rows]


async def end(conn: AsyncConnection, number: int, now: datetime) -> Silence | None:
    """End a silence now; `None` if there is none with this number, or if it has ended."""
    update = sa.update(alert_silences).where(_c.id == number, _c.ends_at > now).values(ends_at=now)
    row = (await conn.execute(update.returning(_c.id, _c.ends_at, _c.state))).one_or_none()
    return None if row is None else _silence(row)


def _silence(row: AnyRow) -> Silence:
    return replace(_adapter.validate_python(row.state), number=row.id, ends_at=row.ends_at)
