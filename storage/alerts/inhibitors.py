"""Stores the firing alerts that inhibit others, under the keys by which those look for them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.alerts.alert import Alert
from storage.alerts.occurrences import chunks
from storage.engine.dialect import in_list, insert, list_param
from storage.schema import alert_inhibitors

_c = alert_inhibitors.c


async def add(conn: AsyncConnection, sources: Sequence[tuple[str, int, Alert]]) -> None:
    """Store keys, each with the group and the alert that has it. A known key changes nothing."""
    rows = [{"key": key, "group_number": group, "identity": alert.identity} for key, group, alert in sources]
    for part in chunks(rows):
        await conn.execute(insert(conn, alert_inhibitors).on_conflict_do_nothing(), list(part))


async def remove(conn: AsyncConnection, members: Sequence[tuple[int, Alert]]) -> set[int]:
    """Forget alerts that are over. Returns the groups of those that kept others quiet."""
    groups = sorted({group for group, _ in members})
    if not groups:
        return set()
    sources = set(await conn.scalars(_of_groups(conn.dialect.name), {"groups": list_param(conn, groups)}))
    over = [{"this_group": group, "this_alert": alert.identity} for group, alert in members if group in sources]
    statement = sa.delete(alert_inhibitors).where(
        _c.group_number == sa.bindparam("this_group"), _c.identity == sa.bindparam("this_alert")
    )
    for part in chunks(over):
        await conn.execute(statement, list(part))
    return sources


@cache
def _of_groups(dialect: str) -> Any:
    return sa.select(_c.group_number).where(in_list(dialect, _c.group_number, "groups")).distinct()


async def firing(conn: AsyncConnection, keys: Collection[str]) -> dict[str, int]:
    """The first group that has an alert with each of these keys, by key."""
    groups_by_key: dict[str, int] = {}
    for part in chunks(sorted(keys)):
        rows = await conn.execute(_by_key(conn.dialect.name), {"keys": list_param(conn, part)})
        groups_by_key |= {row.key: row.number for row in rows}
    return groups_by_key


@cache
def _by_key(dialect: str) -> Any:
    query = sa.select(_c.key, sa.func.min(_c.group_number).label("number"))
    return query.where(in_list(dialect, _c.key, "keys")).group_by(_c.key)
