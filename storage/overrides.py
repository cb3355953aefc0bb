"""Stores covers, in which a person takes an on-call shift for another, and shifts imported from PagerDuty.

A later cover outranks an earlier one. The only change ever made to a cover is to end it early.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.oncall.schedule import Override
from storage.engine.dialect import AnyRow
from storage.schema import overrides, shifts

_c = overrides.c
_ENDS_AT = sa.func.coalesce(_c.ended_at, _c.ends_at, type_=_c.ends_at.type)
_IN_FORCE = (
    sa.select(_c.schedule, _c.member, _c.starts_at, _ENDS_AT.label("ends_at"), _c.layer)
    .where(_c.ends_at > sa.bindparam("since"), sa.bindparam("since") < _ENDS_AT)
    .order_by(_c.id)
)
_SHIFTS = sa.select(shifts.c.schedule, shifts.c.member, shifts.c.starts_at, shifts.c.ends_at).order_by(shifts.c.id)
_SHIFTS_IN_FORCE = _SHIFTS.where(shifts.c.ends_at > sa.bindparam("since"))


async def add(conn: AsyncConnection, override: Override, made_by: str, now: datetime) -> None:
    """Store a new cover."""
    await conn.execute(
        sa.insert(overrides).values(
            schedule=override.schedule,
            member=override.member,
            starts_at=override.starts_at,
            ends_at=override.ends_at,
            layer=override.layer or None,
            made_by=made_by,
            made_at=now,
        )
    )


async def in_force(conn: AsyncConnection, since: datetime, made_until: datetime | None = None) -> tuple[Override, ...]:
    """Imported shifts, then covers, that had not ended by `since`, each in the order in which they were stored.

    An imported shift counts as a cover of a schedule that is otherwise empty, so real covers outrank it. With
    `made_until`, covers that people took after it are left out.
    """
    query = _IN_FORCE if made_until is None else _IN_FORCE.where(_c.made_at <= made_until)
    covers = await conn.execute(query, {"since": since})
    imported = await conn.execute(_SHIFTS_IN_FORCE, {"since": since})
    return (*(_override(row) for row in imported), *(_cover(row) for row in covers))


async def covers_in_force(conn: AsyncConnection, now: datetime) -> list[tuple[str, str, datetime]]:
    """Each cover that is in force now: its schedule, who covers, and when they took it."""
    query = _IN_FORCE.add_columns(_c.made_at).where(_c.starts_at <= now)
    return [(row.schedule, row.member, row.made_at) for row in await conn.execute(query, {"since": now})]


async def imported_shifts(conn: AsyncConnection, schedule: str) -> list[Override]:
    """The shifts of a schedule as PagerDuty last listed them."""
    return [_override(row) for row in await conn.execute(_SHIFTS.where(shifts.c.schedule == schedule))]


async def replace_imported_shifts(conn: AsyncConnection, schedule: str, imported: Sequence[Override]) -> None:
    """Store the shifts of a schedule in place of those imported before."""
    await conn.execute(sa.delete(shifts).where(shifts.c.schedule == schedule))
    rows = [
        {"schedule": schedule, "member": shift.member, "starts_at": shift.starts_at, "ends_at": shift.ends_at}
        for shift in imported
    ]
    if rows:
        await conn.execute(sa.insert(shifts), rows)


async def delete_imported_except(conn: AsyncConnection, schedules: Sequence[str]) -> None:
    """Delete the shifts of every schedule that is no longer imported."""
    await conn.execute(sa.delete(shifts).where(shifts.c.schedule.not_in(list(schedules))))


async def end_early(
    conn: AsyncConnection, schedule: str, member: str, now: datetime, layer: str = ""
) -> tuple[Override, ...]:
    """End a member's current and future covers of a schedule, or only those of a layer.

    Returns them with the times they were made for.
    """
    current = sa.and_(_c.schedule == schedule, _c.member == member, _c.ended_at.is_(None), _c.ends_at > now)
    if layer:
        current = sa.and_(current, _c.layer == layer)
    end = sa.update(overrides).where(current).values(ended_at=now).returning(_c.starts_at, _c.ends_at, _c.layer)
    ended = await conn.execute(end)
    covers = [Override(schedule, member, row.starts_at, row.ends_at, row.layer or "") for row in ended]
    return tuple(sorted(covers, key=lambda cover: cover.starts_at))


def _override(row: AnyRow) -> Override:
    return Override(row.schedule, row.member, row.starts_at, row.ends_at)


def _cover(row: AnyRow) -> Override:
    return Override(row.schedule, row.member, row.starts_at, row.ends_at, row.layer or "")
