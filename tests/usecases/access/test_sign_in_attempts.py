"""The limit on failed sign-ins over all replicas; on both databases."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from bot.usecases.access.sign_in_attempts import give_back, take
from storage import sign_in_attempts
from storage.database import Database
from storage.open import open_database

NOW = datetime(2026, 3, 29, 1, 30, tzinfo=UTC)


async def test_an_address_waits_after_ten_failures_and_others_do_not(database: Database) -> None:
    assert [await take(database, "192.0.2.1", NOW) for _ in range(11)] == [0] * 10 + [6]
    assert await take(database, "192.0.2.2", NOW) == 0
    later = NOW + timedelta(seconds=6)
    assert [await take(database, "192.0.2.1", later) for _ in range(2)] == [0, 6]


async def test_replicas_count_together_also_at_the_same_moment_and_after_a_restart(database_url: str) -> None:
    first, second = await open_database(database_url), await open_database(database_url)
    both = (first, second)
    waits = await asyncio.gather(*(take(both[n % 2], "192.0.2.1", NOW) for n in range(24)))
    assert sum(wait == 0 for wait in waits) == 10
    await first.close()
    await second.close()
    third = await open_database(database_url)
    assert await take(third, "192.0.2.1", NOW) > 0
    await third.close()


async def test_all_addresses_together_wait_after_a_hundred_failures_and_the_rows_are_few(database: Database) -> None:
    waits = [await take(database, f"192.0.2.{each}", NOW) for each in range(120)]
    assert waits.count(0) == 100
    async with database.reading() as conn:
        assert await sign_in_attempts.count(conn) == 101, "none of an address that was refused"
    assert await take(database, "198.51.100.1", NOW + timedelta(minutes=3)) == 0
    async with database.reading() as conn:
        assert await sign_in_attempts.count(conn) == 2


async def test_who_signs_in_is_not_counted(database: Database) -> None:
    for _ in range(25):
        assert await take(database, "192.0.2.1", NOW) == 0
        await give_back(database, "192.0.2.1", NOW)
