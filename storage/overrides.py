"""Overrides of on-call schedules, by whoever took them. None is ever changed: a later one outranks an earlier one."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.oncall import Override
from storage.schema import overrides

_c = overrides.c


async def add(conn: AsyncConnection, override: Override, made_by: str, now: datetime) -> None:
    await conn.execute(
        sa.insert(overrides).values(
            schedule=override.schedule,
            member=override.member,
            starts_at=override.starts_at,
            ends_at=override.ends_at,
            made_by=made_by,
            made_at=now,
        )
    )


async def standing(conn: AsyncConnection, since: datetime) -> tuple[Override, ...]:
    """Those that had not ended by `since`, in the order in which they were made."""
    wanted = sa.select(_c.schedule, _c.member, _c.starts_at, _c.ends_at).where(_c.ends_at > since).order_by(_c.id)
    return tuple(Override(row.schedule, row.member, row.starts_at, row.ends_at) for row in await conn.execute(wanted))
