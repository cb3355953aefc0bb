"""Copies every row of one database into another that is empty, so that an installation can move to PostgreSQL.

The tables of both have to be those of this version, and no bot may write to either meanwhile.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import migrate
from storage.database import Database
from storage.engine.errors import StorageError
from storage.schema import counters, metadata
from storage.timeline.pagination import PAGE, iter_rows


async def copy_all(source: Database, target: Database) -> dict[str, int]:
    """Copy all rows in one transaction: all of them arrive, or none. Returns the number of rows by table.

    Raises `StorageError` if the source is not of this version, or if a bot has used the target before.
    """
    await migrate.check_readable(source)
    revision = await migrate.current_revision(source)
    if problem := migrate.newer(revision):
        raise StorageError(problem)
    async with source.snapshot() as reading, target.transaction() as writing:
        await _check_unused(writing)
        await writing.execute(sa.delete(counters))  # the migrations have set them to 0
        copied = {table.name: await _copy_table(reading, writing, table) for table in metadata.sorted_tables}
        await _advance_sequences(writing)
    return copied


async def _check_unused(conn: AsyncConnection) -> None:
    for table in metadata.sorted_tables:
        rows = sa.select(sa.literal(1)).select_from(table).limit(1)
        if table is counters:
            rows = rows.where(counters.c.value > 0)
        if await conn.scalar(rows) is not None:
            raise StorageError(
                f"The database that DATABASE_URL names is in use: it has rows in {table.name}. Name an empty one."
            )


async def _copy_table(reading: AsyncConnection, writing: AsyncConnection, table: sa.Table) -> int:
    count = 0
    async for rows in _pages(reading, table):
        await writing.execute(sa.insert(table), rows)
        count += len(rows)
    return count


async def _pages(conn: AsyncConnection, table: sa.Table) -> AsyncIterator[list[dict[str, Any]]]:
    """The rows in lists of up to `PAGE`, each row as values by the columns' keys."""
    page: list[dict[str, Any]] = []
    async for row in iter_rows(conn, sa.select(table), list(table.primary_key.columns)):
        page.append({column.key: value for column, value in zip(table.columns, row, strict=True)})
        if len(page) == PAGE:
            yield page
            page = []
    if page:
        yield page


async def _advance_sequences(conn: AsyncConnection) -> None:
    """PostgreSQL numbers new rows after those that were copied. SQLite does so by itself."""
    if conn.dialect.name != "postgresql":
        return
    for table in metadata.sorted_tables:
        column = table.autoincrement_column
        if column is None or not column.autoincrement:
            continue
        highest = sa.select(sa.func.max(column)).scalar_subquery()
        sequence = sa.func.pg_get_serial_sequence(table.name, column.name)
        await conn.execute(sa.select(sa.func.setval(sequence, sa.func.coalesce(highest, 1), highest.is_not(None))))
