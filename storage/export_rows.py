"""Rows as they stand, table by table, in pages: for export. What is derived from other tables is left out."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.schema import chains, deadlines, incidents, metadata, outbox, timeline

PAGE = 500
_OWN = {"incidents", "timeline", "chains", "deadlines", "outbox"}
_DERIVED = {"incident_words", "cursors", "reads"}
_SHARED = ("policies", "playbooks", "overrides")


def of_incidents() -> list[sa.Table]:
    """Whatever else is kept about an incident: tables with a column `incident`."""
    return [t for t in metadata.sorted_tables if "incident" in t.c and t.name not in _OWN | _DERIVED]


def shared() -> list[sa.Table]:
    """What incidents refer to."""
    return [metadata.tables[name] for name in _SHARED if name in metadata.tables]


async def numbers(conn: AsyncConnection, after: int, limit: int = PAGE) -> list[int]:
    wanted = sa.select(incidents.c.number).where(incidents.c.number > after)
    return list(await conn.scalars(wanted.order_by(incidents.c.number).limit(limit)))


async def state(conn: AsyncConnection, number: int) -> Any | None:
    """The incident's whole value as JSON."""
    return await conn.scalar(sa.select(incidents.c.state).where(incidents.c.number == number))


async def head(conn: AsyncConnection, number: int) -> tuple[int, str] | None:
    found = (
        await conn.execute(sa.select(chains.c.seq, chains.c.head).where(chains.c.incident == number))
    ).one_or_none()
    return None if found is None else (found.seq, found.head)


async def entries(conn: AsyncConnection, number: int) -> AsyncIterator[dict[str, Any]]:
    async for row in rows(conn, timeline, number):
        yield row


async def ledger(conn: AsyncConnection, number: int) -> AsyncIterator[dict[str, Any]]:
    async for row in rows(conn, deadlines, number):
        yield row


async def notices(conn: AsyncConnection, number: int) -> AsyncIterator[dict[str, Any]]:
    async for row in rows(conn, outbox, number):
        yield row


async def rows(conn: AsyncConnection, table: sa.Table, number: int | None = None) -> AsyncIterator[dict[str, Any]]:
    """In the order of the primary key; those of one incident, or all."""
    key = [column for column in table.primary_key.columns if number is None or column.name != "incident"]
    wanted = sa.select(table)
    if number is not None:
        wanted = wanted.where(table.c.incident == number)
    if not key:  # one row an incident
        for row in await conn.execute(wanted):
            yield dict(row._mapping)
        return
    wanted = wanted.order_by(*key).limit(PAGE)
    last: tuple[Any, ...] | None = None
    while True:
        page = wanted if last is None else wanted.where(_after(key, last))
        found = (await conn.execute(page)).all()
        for row in found:
            yield dict(row._mapping)
        if len(found) < PAGE:
            return
        last = tuple(found[-1]._mapping[column.name] for column in key)


def _after(key: list[sa.Column[Any]], last: tuple[Any, ...]) -> sa.ColumnElement[bool]:
    if len(key) == 1:
        return sa.and_(key[0] > last[0])
    return sa.tuple_(*key) > sa.tuple_(*(sa.literal(v, c.type) for v, c in zip(last, key, strict=True)))
