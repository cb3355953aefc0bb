"""Stores communications: messages to the audiences of an incident."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.communications.communication import Communication
from storage.schema import communications

_adapter = TypeAdapter(Communication)
_c = communications.c


async def add(conn: AsyncConnection, communication: Communication) -> None:
    """Store a new communication; its number is taken from the locked incident."""
    await conn.execute(sa.insert(communications).values(**_values(communication)))


async def save(conn: AsyncConnection, communication: Communication) -> None:
    """Store a communication in place of its earlier state; lock its incident first."""
    this = sa.and_(_c.incident == communication.incident, _c.number == communication.number)
    await conn.execute(sa.update(communications).where(this).values(**_values(communication)))


async def get(conn: AsyncConnection, incident: int, number: int) -> Communication | None:
    """The communication; `None` if there is none with this number."""
    content = await conn.scalar(sa.select(_c.content).where(_c.incident == incident, _c.number == number))
    return None if content is None else _adapter.validate_python(content)


async def newest(conn: AsyncConnection, incident: int, limit: int, *, before: int | None = None) -> list[Communication]:
    """The newest communications of an incident, the newest first; with `before` those with lower numbers."""
    rows = sa.select(_c.content).where(_c.incident == incident).order_by(_c.number.desc()).limit(limit)
    if before is not None:
        rows = rows.where(_c.number < before)
    return [_adapter.validate_python(content) for content in await conn.scalars(rows)]


def _values(communication: Communication) -> dict[str, Any]:
    return {
        "incident": communication.incident,
        "number": communication.number,
        "audience": communication.audience,
        "state": str(communication.state),
        "written_at": communication.written_at,
        "content": _adapter.dump_python(communication, mode="json"),
    }
