"""An installation that outgrows SQLite takes everything along to PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import sqlalchemy as sa

from storage import incidents, migrate, schema
from storage.copying import copy_all
from storage.database import Database
from storage.engine.errors import StorageError
from storage.open import open_database
from tests.databases import PostgreSQL
from tests.storage.helpers import incident, store_incidents
from tests.storage.test_upgrades import ROWS, fill


@pytest.fixture
async def source(sqlite_url: str) -> AsyncIterator[Database]:
    opened = await open_database(sqlite_url)
    yield opened
    await opened.close()


@pytest.fixture
async def target(postgresql: PostgreSQL) -> AsyncIterator[Database]:
    url = postgresql.create()
    opened = await open_database(url)
    yield opened
    await opened.close()
    postgresql.give_back(url)


async def rows_of(database: Database) -> dict[str, list[dict[str, Any]]]:
    async with database.reading() as conn:
        return {
            table.name: [
                dict(zip(table.columns.keys(), row, strict=True))
                for row in await conn.execute(sa.select(table).order_by(*table.primary_key.columns))
            ]
            for table in schema.metadata.sorted_tables
        }


@pytest.mark.filterwarnings("ignore:Skipped unsupported reflection of expression-based index")
async def test_every_row_of_every_table_arrives_and_new_ones_are_numbered_after_them(
    source: Database, target: Database
) -> None:
    async with source.transaction() as conn:
        await conn.run_sync(fill, 7)
    copied = await copy_all(source, target)
    assert set(copied) == set(schema.metadata.tables)
    assert min(copied.values()) == ROWS
    written = await rows_of(source)
    assert await rows_of(target) == written
    numbered = [table for table in schema.metadata.sorted_tables if table.autoincrement_column is not None]
    assert schema.outbox in numbered
    for table in numbered:
        following = sa.func.nextval(sa.func.pg_get_serial_sequence(table.name, "id"))
        async with target.reading() as conn:
            assert await conn.scalar(sa.select(following)) == max(row["id"] for row in written[table.name]) + 1


async def test_more_rows_than_a_page_are_copied(source: Database, target: Database) -> None:
    await store_incidents(source, *range(1, 1202))
    assert (await copy_all(source, target))["incidents"] == 1201
    async with target.reading() as conn:
        assert await incidents.get(conn, 1201) == incident(1201)


async def test_a_database_that_is_in_use_is_not_copied_into(source: Database, target: Database) -> None:
    await store_incidents(target)
    with pytest.raises(StorageError, match="rows in incidents"):
        await copy_all(source, target)


async def test_tables_of_another_version_are_not_copied(source: Database, target: Database) -> None:
    async with source.transaction() as conn:
        await conn.execute(sa.text("UPDATE alembic_version SET version_num = '0012'"))
    with pytest.raises(StorageError, match="earlier Tocsin"):
        await copy_all(source, target)
    async with source.transaction() as conn:
        await conn.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StorageError, match="newer Tocsin"):
        await copy_all(source, target)
    assert await migrate.current_revision(target) == migrate.HEAD
