"""Stores the deadlines of groups of alerts, which are claimed when they lapse and deleted with the decision."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.engine.dialect import in_list, insert, list_param, microseconds, sql_now, sql_now_plus
from storage.lease import LEASE
from storage.schema import alert_deadlines

DECIDE = "decide"  # the time to gather a group is over
STALE = "stale"  # nothing was heard of a group whose source repeats what fires
_RUNG = "escalate:"
_c = alert_deadlines.c


@dataclass(frozen=True, slots=True)
class LapsedRung:
    """A rung of a route that is due for a group."""

    group: int
    rung: int  # from 1
    due_at: datetime


async def arm(conn: AsyncConnection, groups: Sequence[int], kind: str, due_at: datetime) -> None:
    """Set a deadline of each of these groups, or move it."""
    if not groups:
        return
    rows = insert(conn, alert_deadlines)
    changed = {"due_at": rows.excluded.due_at, "lease_until": None}
    statement = rows.on_conflict_do_update(index_elements=["group_number", "kind"], set_=changed)
    await conn.execute(
        statement,
        [{"group_number": group, "kind": kind, "due_at": due_at, "lease_until": None} for group in groups],
    )


async def claim(conn: AsyncConnection, now: datetime, limit: int, lease: timedelta = LEASE) -> list[int]:
    """Lease up to `limit` groups whose gathering time is over, the earliest first. Returns their numbers."""
    values = {"now": now, "most": limit, "after_us": microseconds(lease)}
    rows = await conn.execute(_claim(conn.dialect.name), values)
    return [row.group_number for row in sorted(rows, key=lambda row: (row.due_at, row.group_number))]


async def claim_rungs(conn: AsyncConnection, now: datetime, limit: int, lease: timedelta = LEASE) -> list[LapsedRung]:
    """Lease up to `limit` rungs that are due, the earliest first."""
    values = {"now": now, "most": limit, "after_us": microseconds(lease)}
    rows = await conn.execute(_claim_rungs(conn.dialect.name), values)
    ordered = sorted(rows, key=lambda row: (row.due_at, row.group_number, row.kind))
    return [LapsedRung(row.group_number, int(row.kind.removeprefix(_RUNG)), row.due_at) for row in ordered]


async def claim_stale(conn: AsyncConnection, now: datetime, limit: int, lease: timedelta = LEASE) -> list[int]:
    """Lease up to `limit` groups that have become stale. Returns their numbers."""
    values = {"now": now, "most": limit, "after_us": microseconds(lease)}
    return sorted(row.group_number for row in await conn.execute(_claim_stale(conn.dialect.name), values))


@cache
def _claim(dialect: str) -> Any:
    return _lease(dialect, _c.kind == DECIDE)


@cache
def _claim_stale(dialect: str) -> Any:
    return _lease(dialect, _c.kind == STALE)


@cache
def _claim_rungs(dialect: str) -> Any:
    return _lease(dialect, _c.kind.startswith(_RUNG))


def _lease(dialect: str, condition: Any) -> Any:
    free = sa.or_(_c.lease_until.is_(None), _c.lease_until <= sql_now(dialect))
    lapsed = sa.select(_c.group_number, _c.kind).where(condition, _c.due_at <= sa.bindparam("now"), free)
    lapsed = lapsed.order_by(_c.due_at).limit(sa.bindparam("most"))
    if dialect == "postgresql":
        lapsed = lapsed.with_for_update(skip_locked=True)
    picked = lapsed.cte("picked")
    is_picked = sa.tuple_(_c.group_number, _c.kind).in_(sa.select(picked.c.group_number, picked.c.kind))
    update = sa.update(alert_deadlines).where(is_picked).values(lease_until=sql_now_plus(dialect))
    return update.returning(_c.group_number, _c.kind, _c.due_at)


def rung_kind(rung: int) -> str:
    """The kind of the deadline of a rung, counted from 1."""
    return f"{_RUNG}{rung}"


async def settle_rungs(conn: AsyncConnection, groups: Collection[int]) -> None:
    """Delete every rung's deadline of these groups."""
    if groups:
        in_groups = in_list(conn.dialect.name, _c.group_number, "groups")
        statement = sa.delete(alert_deadlines).where(in_groups, _c.kind.startswith(_RUNG))
        await conn.execute(statement, {"groups": list_param(conn, sorted(groups))})


async def is_armed(conn: AsyncConnection, group: int, kind: str) -> bool:
    """Whether the group has this deadline. Ask in the transaction that handles it, with the groups locked."""
    return await conn.scalar(sa.select(_c.kind).where(_c.group_number == group, _c.kind == kind)) is not None


async def due_at(conn: AsyncConnection, group: int, kind: str) -> datetime | None:
    """When the group's deadline lapses; `None` if it has none."""
    instant: datetime | None = await conn.scalar(sa.select(_c.due_at).where(_c.group_number == group, _c.kind == kind))
    return instant


async def settle(conn: AsyncConnection, group: int, kind: str) -> None:
    """Delete a deadline that was handled."""
    await conn.execute(sa.delete(alert_deadlines).where(_c.group_number == group, _c.kind == kind))


async def next_due_at(conn: AsyncConnection) -> datetime | None:
    """When the next deadline lapses; `None` if there is none."""
    instant: datetime | None = await conn.scalar(sa.select(sa.func.min(_c.due_at)))
    return instant
