"""Deletes old alerts in small steps: occurrences, and groups that are over."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.engine.dialect import in_list, list_param
from storage.schema import alert_deadlines, alert_groups, alert_inhibitors, alert_occurrences, alerts, incidents

PER_STEP = 500
_g = alert_groups.c
_o = alert_occurrences.c


async def delete_occurrences(conn: AsyncConnection, before: datetime, limit: int = PER_STEP) -> int:
    """Delete up to `limit` occurrences that are over and were last told of before then. Returns how many."""
    old = sa.select(_o.occurrence).where(_o.last_seen_at < before, _o.firing.is_(False))
    is_old = _o.occurrence.in_(old.order_by(_o.last_seen_at).limit(limit))
    return (await conn.execute(sa.delete(alert_occurrences).where(is_old))).rowcount


async def delete_groups(
    conn: AsyncConnection, before: datetime, after: int, limit: int = PER_STEP
) -> tuple[int | None, int]:
    """Delete groups that are over since before then, among the `limit` whose number follows `after`.

    A group of an incident that is open is kept. Returns the number to go on after, `None` at the end, and how many
    were deleted. Numbers grow with time, so this needs no index.
    """
    query = sa.select(_g.number, _g.firing, _g.changed_at, incidents.c.open)
    query = query.outerjoin(incidents, incidents.c.number == _g.incident)
    rows = (await conn.execute(query.where(_g.number > after).order_by(_g.number).limit(limit))).all()
    old = [row for row in rows if row.changed_at < before]
    numbers = [row.number for row in old if not row.firing and not row.open]
    if numbers:
        values = {"numbers": list_param(conn, numbers)}
        for table in (alert_deadlines, alert_inhibitors, alerts, alert_groups):
            column = _g.number if table is alert_groups else table.c.group_number
            await conn.execute(sa.delete(table).where(in_list(conn.dialect.name, column, "numbers")), values)
    return (rows[-1].number if len(rows) == limit and old else None), len(numbers)
