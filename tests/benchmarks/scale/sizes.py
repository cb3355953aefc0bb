"""The size of a database, and of each of its tables."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import sqlalchemy as sa

from storage.database import Database
from storage.open import open_database
from storage.schema import metadata

_SIZE = {
    "sqlite": "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()",
    "postgresql": "SELECT pg_database_size(current_database())",
}
_TABLES = {
    "sqlite": "SELECT m.tbl_name, SUM(d.pgsize) FROM dbstat AS d JOIN sqlite_schema AS m ON m.name = d.name "
    "WHERE d.aggregate = TRUE GROUP BY m.tbl_name",
    "postgresql": "SELECT relname, pg_total_relation_size(oid) FROM pg_class WHERE relkind = 'r'",
}
_FREE = "SELECT freelist_count * page_size FROM pragma_freelist_count(), pragma_page_size()"
MB = 1_000_000


@asynccontextmanager
async def opened_database(url: str) -> AsyncIterator[Database]:
    """The database of a bot that does not run."""
    database = await open_database(url)
    try:
        yield database
    finally:
        await database.close()


async def count(database: Database, table: str) -> int:
    """How many rows a table has."""
    return int(await _value(database, f"SELECT COUNT(*) FROM {table}"))


async def size_mb(database: Database) -> float:
    """The size of the database, with what is free in it."""
    return await _value(database, _SIZE[database.dialect]) / MB


async def free_mb(database: Database) -> float:
    """What is free within an SQLite file, and is used again before the file grows; 0 on PostgreSQL."""
    return await _value(database, _FREE) / MB if database.dialect == "sqlite" else 0.0


async def largest(database: Database, most: int = 5) -> list[tuple[str, float]]:
    """The largest tables with their indexes, in MB."""
    async with database.reading() as conn:
        rows = (await conn.execute(sa.text(_TABLES[database.dialect]))).all()
    known = [(str(name), float(size) / MB) for name, size in rows if name in metadata.tables]
    return sorted(known, key=lambda pair: -pair[1])[:most]


async def compact(database: Database) -> None:
    """Write SQLite's log into the file; let PostgreSQL find dead rows, as its autovacuum does after a while."""
    if database.dialect == "sqlite":
        async with database.reading() as conn:
            await conn.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        return
    async with database.reading() as conn:
        await conn.exec_driver_sql("SET statement_timeout = 0")
        await conn.exec_driver_sql("VACUUM ANALYZE")


async def _value(database: Database, query: str) -> float:
    async with database.reading() as conn:
        return float(await conn.scalar(sa.text(query)) or 0)
