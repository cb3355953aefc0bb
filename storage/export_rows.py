"""Reads all rows of an incident for export, table by table and some rows at a time.

Tables that are derived from others are left out.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.engine.dialect import AnyRow
from storage.schema import alert_groups, alerts, chains, deadlines, incidents, metadata, outbox, timeline
from storage.timeline.pagination import BY_TIME, iter_rows

PAGE = 500
_OWN = {"incidents", "timeline", "chains", "deadlines", "outbox"}
_DERIVED = {"incident_words", "cursors", "reads"}
_SHARED = ("policies", "playbooks", "overrides", "service_changes", "alert_silences")


def incident_tables() -> list[sa.Table]:
    """The remaining tables with a column `incident`, which hold everything else about an incident."""
    return [t for t in metadata.sorted_tables if "incident" in t.c and t.name not in _OWN | _DERIVED]


def shared_tables() -> list[sa.Table]:
    """The tables that incidents refer to."""
    return [metadata.tables[name] for name in _SHARED if name in metadata.tables]


async def numbers(conn: AsyncConnection, after: int, limit: int = PAGE) -> list[int]:
    """Up to `limit` incident numbers above `after`, in ascending order."""
    following = sa.select(incidents.c.number).where(incidents.c.number > after)
    return list(await conn.scalars(following.order_by(incidents.c.number).limit(limit)))


async def state(conn: AsyncConnection, number: int) -> Any | None:
    """The incident's whole value as JSON; `None` if there is none with this number."""
    return await conn.scalar(sa.select(incidents.c.state).where(incidents.c.number == number))


async def head(conn: AsyncConnection, number: int) -> tuple[int, str] | None:
    """The number of the last entry and its hash; `None` if the incident has no entries."""
    chain = sa.select(chains.c.seq, chains.c.head).where(chains.c.incident == number)
    row = (await conn.execute(chain)).one_or_none()
    return None if row is None else (row.seq, row.head)


async def entries(conn: AsyncConnection, number: int) -> AsyncIterator[dict[str, Any]]:
    """The incident's timeline entries in the order of time. Their `seq` is the order of the chain."""
    async for row in iter_rows(conn, sa.select(timeline).where(timeline.c.incident == number), BY_TIME):
        yield _by_name(timeline, row)


async def ledger(conn: AsyncConnection, number: int) -> AsyncIterator[dict[str, Any]]:
    """The incident's deadlines."""
    async for row in rows(conn, deadlines, number):
        yield row


async def notices(conn: AsyncConnection, number: int) -> AsyncIterator[dict[str, Any]]:
    """The incident's notices in the outbox."""
    async for row in rows(conn, outbox, number):
        yield row


async def alerts_of(conn: AsyncConnection, number: int) -> AsyncIterator[dict[str, Any]]:
    """The alerts of an incident's groups, group by group."""
    c = alerts.c
    groups = sa.select(alert_groups.c.number).where(alert_groups.c.incident == number)
    query = sa.select(alerts).where(c.group_number.in_(groups)).order_by(c.group_number, c.identity).limit(PAGE)
    last: tuple[Any, ...] | None = None
    while True:
        page = (
            await conn.execute(query if last is None else query.where(_is_after([c.group_number, c.identity], last)))
        ).all()
        for row in page:
            yield _by_name(alerts, row)
        if len(page) < PAGE:
            return
        last = (page[-1].group_number, page[-1].identity)


async def rows(conn: AsyncConnection, table: sa.Table, number: int | None = None) -> AsyncIterator[dict[str, Any]]:
    """A table's rows in the order of the primary key, those of one incident or all, by column name."""
    key = [column for column in table.primary_key.columns if number is None or column.name != "incident"]
    query = sa.select(table)
    if number is not None:
        query = query.where(table.c.incident == number)
    if not key:  # one row per incident
        for row in await conn.execute(query):
            yield _by_name(table, row)
        return
    query = query.order_by(*key).limit(PAGE)
    last: tuple[Any, ...] | None = None
    while True:
        page = (await conn.execute(query if last is None else query.where(_is_after(key, last)))).all()
        for row in page:
            yield _by_name(table, row)
        if len(page) < PAGE:
            return
        last = tuple(page[-1]._mapping[column] for column in key)


def _by_name(table: sa.Table, row: AnyRow) -> dict[str, Any]:
    """The row by the names of its columns in the database, which the export's format uses."""
    return {column.name: row._mapping[column] for column in table.columns}


def _is_after(key: list[sa.Column[Any]], last: tuple[Any, ...]) -> sa.ColumnElement[bool]:
    if len(key) == 1:
        return sa.and_(key[0] > last[0])
    return sa.tuple_(*key) > sa.tuple_(*(sa.literal(v, c.type) for v, c in zip(last, key, strict=True)))
