"""Overrides of on-call schedules, by whoever took them. A later one outranks an earlier one; all
that ever changes is that one is given up before its time.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.oncall.schedule import Override
from storage.schema import overrides, shifts

_c = overrides.c
_ENDS_AT = sa.func.coalesce(_c.ended_at, _c.ends_at, type_=_c.ends_at.type)
_STANDING = (
    sa.select(_c.schedule, _c.member, _c.starts_at, _ENDS_AT.label("until"))
    .where(_c.ends_at > sa.bindparam("since"), sa.bindparam("since") < _ENDS_AT)
    .order_by(_c.id)
)
_READ_ELSEWHERE = (
    sa.select(shifts.c.schedule, shifts.c.member, shifts.c.starts_at, shifts.c.ends_at)
    .where(shifts.c.ends_at > sa.bindparam("since"))
    .order_by(shifts.c.id)
)


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
    rows = await conn.execute(_STANDING, {"since": since})
    covers = [Override(row.schedule, row.member, row.starts_at, row.until) for row in rows]
    return (*await _read_elsewhere(conn, since), *covers)


async def _read_elsewhere(conn: AsyncConnection, since: datetime) -> list[Override]:
    """Turns of schedules that live at PagerDuty: as if each covered an empty schedule, so that covers outrank them."""
    rows = await conn.execute(_READ_ELSEWHERE, {"since": since})
    return [Override(row.schedule, row.member, row.starts_at, row.ends_at) for row in rows]


async def read_of(conn: AsyncConnection, schedule: str) -> list[Override]:
    wanted = sa.select(shifts.c.schedule, shifts.c.member, shifts.c.starts_at, shifts.c.ends_at)
    rows = await conn.execute(wanted.where(shifts.c.schedule == schedule).order_by(shifts.c.id))
    return [Override(row.schedule, row.member, row.starts_at, row.ends_at) for row in rows]


async def replace_read(conn: AsyncConnection, schedule: str, found: Sequence[Override]) -> None:
    """What was read of a schedule, instead of what was read before."""
    await conn.execute(sa.delete(shifts).where(shifts.c.schedule == schedule))
    if found:
        await conn.execute(
            sa.insert(shifts),
            [{"schedule": schedule, "member": o.member, "starts_at": o.starts_at, "ends_at": o.ends_at} for o in found],
        )


async def forget_read(conn: AsyncConnection, known: Sequence[str]) -> None:
    """Schedules that are not read any more."""
    await conn.execute(sa.delete(shifts).where(shifts.c.schedule.not_in(list(known))))


async def give_up(conn: AsyncConnection, schedule: str, member: str, now: datetime) -> tuple[Override, ...]:
    """End what somebody covers now, or was to cover; what is past stays as it was. Returns them as they were made."""
    theirs = sa.and_(_c.schedule == schedule, _c.member == member, _c.ended_at.is_(None), _c.ends_at > now)
    ended = sa.update(overrides).where(theirs).values(ended_at=now).returning(_c.starts_at, _c.ends_at)
    found = [Override(schedule, member, row.starts_at, row.ends_at) for row in await conn.execute(ended)]
    return tuple(sorted(found, key=lambda one: one.starts_at))
