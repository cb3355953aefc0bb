from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import time
from pathlib import Path

import pytest
import sqlalchemy as sa

from storage import database as module
from storage import incidents
from storage.database import Database
from storage.engine.errors import StorageError
from storage.key_value import Key
from storage.open import open_database
from tests.databases import PostgreSQL
from tests.storage.helpers import incident, message_entry, store_incidents


async def test_an_error_in_a_transaction_leaves_nothing_behind(database: Database) -> None:
    async def fail() -> None:
        async with database.transaction() as conn:
            await incidents.insert(conn, incident(1))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    async with database.reading() as conn:
        assert await incidents.get(conn, 1) is None


async def test_a_caller_that_is_cancelled_leaves_nothing_and_the_next_can_write(database: Database) -> None:
    begun = asyncio.Event()

    async def write() -> None:
        async with database.transaction() as conn:
            await Key[int]("a").put(conn, 1)
            begun.set()
            await asyncio.sleep(60)

    task = asyncio.create_task(write())
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with database.transaction() as conn:
        assert await Key[int]("a").get(conn) is None
        await Key[int]("a").put(conn, 2)


async def test_readers_see_what_is_committed_while_somebody_writes(database: Database) -> None:
    async with database.transaction() as conn:
        await Key[int]("a").put(conn, 1)
    async with database.transaction() as writing:
        await Key[int]("a").put(writing, 2)
        async with database.reading() as conn:
            assert await Key[int]("a").get(conn) == 1


async def test_sqlite_readers_cannot_write(sqlite_url: str) -> None:
    database = await open_database(sqlite_url)
    with pytest.raises(StorageError, match="cannot be written"):
        async with database.reading() as conn:
            await Key[int]("a").put(conn, 1)
    await database.close()


async def test_sqlite_is_durable_and_keeps_its_foreign_keys(sqlite_url: str) -> None:
    database = await open_database(sqlite_url)
    async with database.transaction() as conn:

        async def pragma(name: str) -> object:
            return await conn.scalar(sa.text(f"PRAGMA {name}"))

        assert await pragma("journal_mode") == "wal"
        assert await pragma("synchronous") == 2  # FULL
        assert await pragma("foreign_keys") == 1
    await database.close()


async def test_a_locked_file_says_so_and_does_not_hold_the_event_loop(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BUSY_TIMEOUT_S", 0.2)
    database = await open_database(sqlite_url)
    await store_incidents(database)
    other = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    longest = asyncio.create_task(_longest_stall(0.15))
    with pytest.raises(StorageError, match="locked by another process"):
        async with database.transaction():
            pass
    with pytest.raises(StorageError, match="locked by another process"):
        await database.appender.append(1, [message_entry()])
    assert await longest < 0.05
    other.rollback()
    other.close()
    assert await database.appender.append(1, [message_entry()]) == 1
    await database.close()


async def test_a_lock_that_is_let_go_in_time_is_waited_for(sqlite_url: str) -> None:
    database = await open_database(sqlite_url)
    await store_incidents(database)
    other = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    appended = asyncio.create_task(database.appender.append(1, [message_entry()]))
    assert await _longest_stall(0.1) < 0.05
    assert not appended.done()
    other.rollback()
    other.close()
    assert await appended == 1
    await database.close()


async def test_a_long_read_does_not_hold_the_event_loop(sqlite_url: str) -> None:
    database = await open_database(sqlite_url)
    count = "WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < 3000000) SELECT count(*) FROM s"
    longest = asyncio.create_task(_longest_stall(0.2))
    async with database.reading() as conn:
        assert await conn.scalar(sa.text(count)) == 3_000_000
    assert await longest < 0.1
    await database.close()


async def test_a_write_given_up_while_it_commits_leaves_nothing_half_done(sqlite_url: str) -> None:
    database = await open_database(sqlite_url)
    await store_incidents(database)
    for wait_s in (0.0, 0.0005, 0.001, 0.002, 0.004):
        task = asyncio.create_task(_write(database, f"given up after {wait_s}"))
        await asyncio.sleep(wait_s)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    await _write(database, "the last one")
    async with database.reading() as conn:
        assert await Key[int]("the last one").get(conn) == 1
    await database.close()


async def _write(database: Database, name: str) -> None:
    async with database.transaction() as conn:
        await Key[int](name).put(conn, 1)


async def _longest_stall(during_s: float) -> float:
    longest, end = 0.0, time.monotonic() + during_s
    while (before := time.monotonic()) < end:
        await asyncio.sleep(0.001)
        longest = max(longest, time.monotonic() - before)
    return longest


async def test_it_recovers_after_its_connections_are_cut(postgresql: PostgreSQL) -> None:
    url = postgresql.create()
    database = await open_database(url)
    await asyncio.gather(*(database.ping() for _ in range(5)))
    async with database.transaction() as conn:
        await Key[int]("a").put(conn, 1)
    await asyncio.to_thread(postgresql.cut_connections, url)
    assert await _read_within(database, refusals=5) == 1

    async def be_cut_off() -> None:
        async with database.transaction() as conn:
            await asyncio.to_thread(postgresql.cut_connections, url)
            await Key[int]("a").put(conn, 2)

    with pytest.raises(StorageError, match=r"lost|shutting down"):
        await be_cut_off()
    assert await _read_within(database, refusals=5) == 1
    await database.close()
    postgresql.drop(url)


async def _read_within(database: Database, refusals: int) -> int | None:
    """The stored number. The end of a connection may arrive only while it is used, once for each connection."""
    for _ in range(refusals):
        with contextlib.suppress(StorageError):
            async with database.transaction() as conn:
                return await Key[int]("a").get(conn)
    async with database.transaction() as conn:
        return await Key[int]("a").get(conn)


async def test_a_file_that_cannot_be_opened_says_why(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="Check that its folder exists"):
        await open_database(f"sqlite:///{tmp_path}/no/such/folder/tocsin.db")
    (tmp_path / "letter.txt").write_text("Dear all, this is not a database, although it is long enough to be one." * 20)
    with pytest.raises(StorageError, match="not an SQLite database"):
        await open_database(f"sqlite:///{tmp_path}/letter.txt")


async def test_a_server_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="cannot be reached"):
        await open_database(f"postgresql://postgres@/tocsin?host={tmp_path}")


async def test_a_server_that_refuses_connections_is_said_to_be_down_and_not_lost() -> None:
    with pytest.raises(StorageError, match="Check that the server is up, and its host and port in DATABASE_URL"):
        await open_database("postgresql://postgres@127.0.0.1:1/tocsin")


async def test_a_database_that_is_not_there_says_so(postgresql: PostgreSQL) -> None:
    with pytest.raises(StorageError, match="no such database"):
        await open_database(postgresql.url("not_there"))


async def test_closing_twice_is_safe(database: Database) -> None:
    await database.close()
    await database.close()
