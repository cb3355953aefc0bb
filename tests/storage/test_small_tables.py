from __future__ import annotations

import asyncio
from datetime import timedelta

from storage import cursors, ingest, key_value, policies
from storage.cursors import Cursor
from storage.database import Database
from tests.storage.helpers import NOW


async def test_a_delivery_is_first_once(database: Database) -> None:
    async with database.transaction() as conn:
        assert [await ingest.first(conn, "Ev1", NOW) for _ in range(3)] == [True, False, False]
        assert await ingest.first(conn, "Ev2", NOW)


async def test_of_deliveries_at_the_same_moment_one_is_first(database: Database, database_url: str) -> None:
    other = await Database.open(database_url)

    async def deliver(through: Database) -> bool:
        async with through.transaction() as conn:
            return await ingest.first(conn, "Ev1", NOW)

    try:
        firsts = await asyncio.gather(*(deliver(through) for through in (database, other) * 3))
    finally:
        await other.close()
    assert sum(firsts) == 1


async def test_a_delivery_whose_transaction_failed_counts_as_not_seen(database: Database) -> None:
    try:
        async with database.transaction() as conn:
            assert await ingest.first(conn, "Ev1", NOW)
            raise ZeroDivisionError
    except ZeroDivisionError:
        pass
    async with database.transaction() as conn:
        assert await ingest.first(conn, "Ev1", NOW)


async def test_old_deliveries_are_forgotten(database: Database) -> None:
    async with database.transaction() as conn:
        await ingest.first(conn, "old", NOW - timedelta(days=2))
        await ingest.first(conn, "new", NOW)
        assert await ingest.forget(conn, NOW - timedelta(days=1)) == 1
        assert not await ingest.first(conn, "new", NOW)


async def test_cursors_are_kept_per_channel_and_thread(database: Database) -> None:
    async with database.transaction() as conn:
        assert await cursors.get(conn, "C1") is None
        await cursors.set(conn, "C1", 1, "1.0")
        await cursors.set(conn, "C1", 1, "2.0")
        await cursors.set(conn, "C0", 2, "1.5")
        assert await cursors.get(conn, "C1") == Cursor("C1", 1, "2.0")
        assert await cursors.listing(conn) == [Cursor("C1", 1, "2.0"), Cursor("C0", 2, "1.5")]
        await cursors.set_thread(conn, "C1", "1.0", "1.1")
        await cursors.set_thread(conn, "C1", "1.0", "1.2")
        assert await cursors.thread(conn, "C1", "1.0") == "1.2"
        assert await cursors.thread(conn, "C1", "9.0") is None
        assert await cursors.threads(conn, "C1") == {"1.0": "1.2"}


async def test_things_are_remembered_by_name(database: Database) -> None:
    async with database.transaction() as conn:
        assert await key_value.get(conn, "auth") is None
        await key_value.put(conn, "auth", {"user": "U1"})
        await key_value.put(conn, "auth", ["other", 1, None])
        assert await key_value.get(conn, "auth") == ["other", 1, None]
        await key_value.put(conn, "auth", None)
        assert await key_value.get(conn, "auth") is None


async def test_a_policy_is_kept_as_it_was_first_seen_and_in_its_order(database: Database) -> None:
    document = {"severities": [{"key": "sev1"}], "announce": "#inc", "aa": 1.0}
    async with database.transaction() as conn:
        await policies.remember(conn, "d1", document, NOW)
        await policies.remember(conn, "d1", {}, NOW)
        found = await policies.get(conn, "d1")
        assert found == document
        assert list(found) == list(document)
        assert await policies.get(conn, "d2") is None
