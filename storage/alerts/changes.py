"""Stores changes of services, which are searched when a service breaks."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import sqlalchemy as sa
from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.alerts.service_change import ServiceChange
from storage.alerts.occurrences import chunks
from storage.engine.dialect import in_list, insert, list_param
from storage.schema import service_changes

_adapter = TypeAdapter(ServiceChange)
_c = service_changes.c


async def save(conn: AsyncConnection, changes: Sequence[ServiceChange]) -> int:
    """Store changes; a repeated one replaces its earlier record. Returns the number of new ones."""
    last = {change.key: change for change in changes}
    known_keys: set[str] = set()
    rows = insert(conn, service_changes)
    update = {name: rows.excluded[name] for name in ("service", "at", "state")}
    statement = rows.on_conflict_do_update(index_elements=["key"], set_=update)
    for part in chunks(list(last.values())):
        keys = {"keys": list_param(conn, [change.key for change in part])}
        known_keys.update(await conn.scalars(_select_known(conn.dialect.name), keys))
        await conn.execute(statement, [_row(change) for change in part])
    return len(last) - len(known_keys)


async def changes_before(
    conn: AsyncConnection, services: Collection[str], at: datetime, within: timedelta, most: int
) -> list[ServiceChange]:
    """Up to `most` changes of these services in the span that ends at `at`, the nearest first."""
    if not services:
        return []
    query = _select_before(conn.dialect.name)
    values = {"services": list_param(conn, sorted(services)), "since": at - within, "until": at, "most": most}
    return [_adapter.validate_python(state) for state in await conn.scalars(query, values)]


async def delete_before(conn: AsyncConnection, before: datetime, limit: int) -> int:
    """Delete up to `limit` changes that were made before then. Returns their number."""
    old = sa.select(_c.id).where(_c.at < before).order_by(_c.at).limit(limit)
    return (await conn.execute(sa.delete(service_changes).where(_c.id.in_(old)))).rowcount


@cache
def _select_known(dialect: str) -> Any:
    return sa.select(_c.key).where(in_list(dialect, _c.key, "keys"))


@cache
def _select_before(dialect: str) -> Any:
    span = (_c.at >= sa.bindparam("since"), _c.at <= sa.bindparam("until"))
    query = sa.select(_c.state).where(in_list(dialect, _c.service, "services"), *span)
    return query.order_by(_c.at.desc(), _c.id.desc()).limit(sa.bindparam("most"))


def _row(change: ServiceChange) -> dict[str, Any]:
    state = _adapter.dump_python(change, mode="json")
    return {"key": change.key, "service": change.service, "at": change.at, "state": state}
