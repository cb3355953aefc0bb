"""A database that was in use at every version there has been is brought to the newest one, and loses nothing.

The tables are filled at each revision, so that every migration meets rows of all revisions before it.
"""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from bot.cli.main import main
from storage import incidents, migrate, schema
from storage.open import open_database
from tests.storage.helpers import incident

ROWS = 3  # in each table at each revision
REVISIONS = sorted(path.name[1:5] for path in (migrate._FOLDER / "versions").glob("v*.py"))
Rows = dict[str, list[dict[str, Any]]]
_CHANGED = {"indexed_seq", "subject"}  # columns that a later migration filled in rows that were there


def fill(connection: sa.Connection, serial: int) -> Rows:
    """Insert rows into every table of ours that there is, each column with a value of its own. Returns them."""
    found = sa.MetaData()
    found.reflect(connection, only=lambda name, _: name in schema.metadata.tables)
    written: Rows = {}
    for table in found.sorted_tables:
        rows = [_row(table, serial * 100 + n, n, written) for n in range(ROWS)]
        connection.execute(sa.insert(table), rows)
        written[table.name] = rows
    return written


def _row(table: sa.Table, number: int, n: int, written: Rows) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for column in table.columns:
        if column.computed is not None:
            continue
        if column.foreign_keys:
            parent = next(iter(column.foreign_keys)).column
            row[column.name] = written[parent.table.name][n][parent.name]
        else:
            row[column.name] = _value(column, number)
    return row


def _value(column: sa.Column[Any], number: int) -> Any:
    kind = column.type
    if isinstance(kind, sa.Boolean):
        return number % 2 == 0
    if isinstance(kind, sa.JSON):
        return {"number": number}
    if isinstance(kind, sa.Float):
        return 1000.0 + number
    if isinstance(kind, sa.Integer | sa.Numeric):
        return 1000 + number
    if isinstance(kind, sa.LargeBinary):
        return str(number).encode()
    return f"{column.name}-{number}"


def stored_rows(connection: sa.Connection, table: sa.Table, columns: list[str]) -> list[str]:
    """The rows of a table in these columns, in any order."""
    rows = connection.execute(sa.select(*(table.c[name] for name in columns)))
    return sorted(json.dumps(list(row), default=_as_text) for row in rows)


def _as_text(value: Any) -> str:
    return bytes(value).decode() if isinstance(value, bytes | memoryview) else str(value)


def assert_kept(connection: sa.Connection, by_revision: dict[str, Rows]) -> None:
    found = sa.MetaData()
    found.reflect(connection, only=lambda name, _: name in schema.metadata.tables)
    for revision, written in by_revision.items():
        for name, rows in written.items():
            columns = [column for column in rows[0] if column not in _CHANGED]
            wanted = {json.dumps([row[column] for column in columns], default=_as_text) for row in rows}
            missing = wanted - set(stored_rows(connection, found.tables[name], columns))
            assert not missing, f"{name}, written at {revision}"


@pytest.mark.filterwarnings("ignore:Skipped unsupported reflection of expression-based index")
async def test_what_was_written_at_every_revision_is_there_at_the_newest(empty_database_url: str) -> None:
    database = await open_database(empty_database_url, migrate=False)
    by_revision: dict[str, Rows] = {}
    numbers = range(1, len(REVISIONS) + 1)
    async with database.transaction() as conn:
        for number, revision in zip(numbers, REVISIONS, strict=True):
            await conn.run_sync(migrate.run_alembic, revision)
            by_revision[revision] = await conn.run_sync(fill, number)
            await incidents.insert(conn, incident(number))
    assert not await migrate.upgrade(database), "that was the newest"
    async with database.transaction() as conn:
        await conn.run_sync(assert_kept, by_revision)
        assert await incidents.get_many(conn, numbers) == {number: incident(number) for number in numbers}
        for number in numbers:
            await incidents.save(conn, replace(incident(number), title="Goes on"))
        if database.dialect == "sqlite":
            assert list(await conn.execute(sa.text("PRAGMA foreign_key_check"))) == []
    await database.close()


def test_a_database_of_a_newer_version_is_refused_in_plain_words_and_left_as_it_is(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = sqlite_url.partition("///")[2]
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", sqlite_url)
    refused = CliRunner().invoke(main, ["migrate"])
    assert refused.exit_code == 1
    assert "written by a newer Tocsin" in refused.output
    assert "Install that version again, or restore a backup from before it." in refused.output
    assert "Traceback" not in refused.output
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [("9999",)]
