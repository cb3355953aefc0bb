from __future__ import annotations

import asyncio
import re
import sys
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.config import Config
from alembic.script import ScriptDirectory

from storage import incidents, migrate, schema
from storage.database import Database
from storage.engine.errors import StorageError
from storage.open import open_database
from tests.storage.helpers import incident


async def shape(database: Database) -> dict[str, Any]:
    """Every table and index, as the database describes them."""
    if database.dialect == "sqlite":  # by columns, since a column that was added later has another place in the SQL
        query = (
            "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL AND type <> 'table' UNION ALL "
            "SELECT t.name || '.' || c.name, "
            "c.type || ' ' || c.'notnull' || ' ' || ifnull(c.dflt_value, '') || ' ' || c.pk "
            "FROM sqlite_master AS t, pragma_table_xinfo(t.name) AS c "
            "WHERE t.type = 'table' AND t.name <> 'alembic_version' UNION ALL "
            "SELECT t.name || ' to ' || f.'table', f.'from' || ' ' || ifnull(f.'to', '') || ' ' || f.on_delete "
            "FROM sqlite_master AS t, pragma_foreign_key_list(t.name) AS f "
            "WHERE t.type = 'table' UNION ALL "
            "SELECT name, sql FROM sqlite_master WHERE sql LIKE 'CREATE VIRTUAL%'"
        )
    else:
        query = (
            "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename <> 'alembic_version' "
            "UNION ALL SELECT table_name || '.' || column_name, concat_ws(' ', data_type, is_nullable, column_default, "
            "is_identity) FROM information_schema.columns WHERE table_schema = 'public' "
            "AND table_name <> 'alembic_version' "
            "UNION ALL SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint "
            "WHERE connamespace = 'public'::regnamespace AND conrelid <> 'alembic_version'::regclass"
        )
    async with database.reading() as conn:
        return {row[0]: re.sub(r"\s+", " ", row[1]) for row in await conn.execute(sa.text(query))}


async def test_an_empty_database_is_brought_to_the_newest_tables(empty_database_url: str) -> None:
    database = await open_database(empty_database_url, migrate=False)
    assert await migrate.current_revision(database) is None
    assert await migrate.upgrade(database)
    assert await migrate.current_revision(database) == migrate.HEAD
    assert not await migrate.upgrade(database)
    await database.close()


async def test_migrations_and_schema_are_the_same(empty_database_url: str) -> None:
    database = await open_database(empty_database_url)
    migrated = await shape(database)
    async with database.transaction() as conn:
        await conn.run_sync(schema.metadata.drop_all)
        await conn.run_sync(schema.metadata.create_all)
    assert await shape(database) == migrated
    await database.close()


def test_the_newest_migration_is_head() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(migrate.__file__).parent / "migrations"))
    assert ScriptDirectory.from_config(config).get_heads() == [migrate.HEAD]


async def test_an_existing_database_is_opened_as_it_is(database_url: str) -> None:
    first = await open_database(database_url)
    async with first.transaction() as conn:
        await incidents.insert(conn, incident(7))
    await first.close()
    second = await open_database(database_url)
    async with second.reading() as conn:
        assert await incidents.get(conn, 7) == incident(7)
    await second.close()


async def test_a_migration_that_fails_leaves_nothing(empty_database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def half(connection: sa.Connection) -> None:
        schema.metadata.create_all(connection)
        raise ZeroDivisionError

    monkeypatch.setattr(migrate, "run_alembic", half)
    with pytest.raises(ZeroDivisionError):
        await open_database(empty_database_url)
    database = await open_database(empty_database_url, migrate=False)
    async with database.reading() as conn:
        assert await conn.run_sync(lambda sync: sa.inspect(sync).get_table_names()) == []
    await database.close()


async def test_a_database_of_a_newer_version_is_left_alone(database: Database) -> None:
    async with database.transaction() as conn:
        await conn.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StorageError, match=r"newer Tocsin .*9999"):
        await migrate.upgrade(database)


async def test_processes_that_start_at_once_migrate_once(empty_database_url: str) -> None:
    start = (
        "import asyncio, sys\n"
        "from storage.open import open_database\n"
        "async def main(): await (await open_database(sys.argv[1])).close()\n"
        "asyncio.run(main())"
    )
    processes = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-W", "error", "-c", start, empty_database_url, stderr=asyncio.subprocess.PIPE
        )
        for _ in range(3)
    ]
    for process in processes:
        _, errors = await process.communicate()
        assert (process.returncode, errors) == (0, b"")
    database = await open_database(empty_database_url, migrate=False)
    assert await migrate.current_revision(database) == migrate.HEAD
    async with database.transaction() as conn:
        assert await incidents.next_number(conn) == 1
    await database.close()
