from __future__ import annotations

import asyncio

from storage import ingest
from storage.database import Database
from storage.ingest import ChannelCursor
from storage.open import open_database
from tests.storage.helpers import NOW


async def test_a_delivery_is_claimed_once(database: Database) -> None:
    async with database.transaction() as conn:
        assert [await ingest.claim_delivery(conn, "Ev1", NOW) for _ in range(3)] == [True, False, False]
        assert await ingest.claim_delivery(conn, "Ev2", NOW)


async def test_many_deliveries_are_claimed_at_once_and_those_claimed_before_are_named(database: Database) -> None:
    keys = {f"Ev{number}" for number in range(ingest.KEYS_AT_ONCE + 1)}
    async with database.transaction() as conn:
        assert await ingest.claim_deliveries(conn, keys, NOW) == set()
        assert await ingest.claim_deliveries(conn, [*keys, "new"], NOW) == keys
        assert await ingest.claim_deliveries(conn, ["new"], NOW) == {"new"}
        assert await ingest.claim_deliveries(conn, [], NOW) == set()


async def test_of_deliveries_at_the_same_time_one_is_claimed(database: Database, database_url: str) -> None:
    other = await open_database(database_url)

    async def deliver(through: Database) -> bool:
        async with through.transaction() as conn:
            return await ingest.claim_delivery(conn, "Ev1", NOW)

    try:
        claims = await asyncio.gather(*(deliver(through) for through in (database, other) * 3))
    finally:
        await other.close()
    assert sum(claims) == 1


async def test_a_delivery_whose_transaction_failed_can_be_claimed_again(database: Database) -> None:
    try:
        async with database.transaction() as conn:
            assert await ingest.claim_delivery(conn, "Ev1", NOW)
            raise ZeroDivisionError
    except ZeroDivisionError:
        pass
    async with database.transaction() as conn:
        assert await ingest.claim_delivery(conn, "Ev1", NOW)


async def test_cursors_are_kept_per_channel_and_thread(database: Database) -> None:
    async with database.transaction() as conn:
        assert await ingest.channel_cursor(conn, "C1") is None
        await ingest.set_channel_cursor(conn, "C1", 1, "1.0")
        await ingest.set_channel_cursor(conn, "C1", 1, "2.0")
        await ingest.set_channel_cursor(conn, "C0", 2, "1.5")
        assert await ingest.channel_cursor(conn, "C1") == ChannelCursor("C1", 1, "2.0")
        assert await ingest.channel_cursor(conn, "C0") == ChannelCursor("C0", 2, "1.5")
        await ingest.set_thread_cursor(conn, "C1", "1.0", "1.1")
        await ingest.set_thread_cursor(conn, "C1", "1.0", "1.2")
        assert await ingest.thread_cursor(conn, "C1", "1.0") == "1.2"
        assert await ingest.thread_cursor(conn, "C1", "9.0") is None
