"""Finds groups that fire by their services, beyond the newest ones, which are read as a whole."""

from __future__ import annotations

from collections.abc import Collection
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.alerts.group import AlertGroup
from storage.alerts import groups
from storage.engine.dialect import in_list, list_param
from storage.schema import alert_groups

MOST_ALIKE = 5  # groups of the same service, decision and incident
_c = alert_groups.c
_FIRING = sa.text("firing")  # as in the partial index, word for word


async def firing_of_services(
    conn: AsyncConnection, services: Collection[str], below: int, most: int
) -> list[AlertGroup]:
    """Groups of these services among the `most` newest that fire and whose number is below `below`, newest first.

    Of groups with the same service, decision and incident, which mean the same to a group that is decided, the
    `MOST_ALIKE` that changed last.
    """
    if not services:
        return []
    values = {"services": list_param(conn, sorted(services)), "below": below, "most": most}
    numbers = set(await conn.scalars(_select(conn.dialect.name), values))
    groups_by_number = await groups.get_many(conn, numbers)
    return [group for _, group in sorted(groups_by_number.items(), reverse=True)]


async def fire_before(conn: AsyncConnection, below: int, most: int) -> bool:
    """Whether more than `most` groups fire whose number is below `below`."""
    query = sa.select(_c.number).where(_FIRING, _c.number < below).order_by(_c.number.desc()).offset(most).limit(1)
    return await conn.scalar(query) is not None


@cache
def _select(dialect: str) -> Any:
    columns = (_c.number, _c.decision, _c.incident, _c.changed_at, _c.state)
    older = sa.select(*columns).where(_FIRING, _c.number < sa.bindparam("below")).order_by(_c.number.desc())
    group = older.limit(sa.bindparam("most")).subquery()
    column: Any = sa.column("value", sa.Text)
    service: Any
    if dialect == "postgresql":
        each = sa.func.jsonb_array_elements_text(group.c.state["services"])
        service = each.table_valued(column).render_derived(name="service")
    else:
        service = sa.func.json_each(group.c.state, "$.services").table_valued(column, name="service")
    value = service.c.value
    alike = sa.func.row_number().over(
        partition_by=(value, group.c.decision, group.c.incident), order_by=(group.c.changed_at.desc(),)
    )
    numbers = sa.select(group.c.number, alike.label("place")).select_from(group.join(service, sa.true()))
    ranked = numbers.where(in_list(dialect, value, "services")).subquery()
    return sa.select(ranked.c.number).where(ranked.c.place <= MOST_ALIKE).distinct()
