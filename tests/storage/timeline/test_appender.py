from __future__ import annotations

import asyncio

import pytest
import sqlalchemy as sa

from storage.database import Database
from storage.engine.errors import StorageError
from storage.open import open_database
from storage.timeline import entries
from storage.timeline.verify import chain_faults
from tests.storage.helpers import message_entry, store_incidents


async def test_appends_that_come_together_are_all_recorded_in_one_chain(database: Database) -> None:
    await store_incidents(database, 1, 2)
    counts = await asyncio.gather(
        *(database.appender.append(1 + n % 2, [message_entry(str(n), f"{n}.0")]) for n in range(600))
    )
    assert counts == [1] * 600
    async with database.reading() as conn:
        for number in (1, 2):
            assert len(await entries.read(conn, number)) == 300
            assert await chain_faults(conn, number) == []


async def test_redelivery_within_one_group_records_once(database: Database) -> None:
    await store_incidents(database)
    counts = await asyncio.gather(*(database.appender.append(1, [message_entry("a", "1.0")]) for _ in range(3)))
    assert sorted(counts) == [0, 0, 1]


async def test_a_poisonous_item_fails_alone(database: Database) -> None:
    await store_incidents(database)
    results = await asyncio.gather(
        database.appender.append(1, [message_entry("a", "1.0")]),
        database.appender.append(404, [message_entry("no such incident", "2.0")]),
        database.appender.append(1, [message_entry("b", "3.0", data={"not": object()})]),
        database.appender.append(1, [message_entry("c", "4.0")]),
        return_exceptions=True,
    )
    assert (results[0], results[3]) == (1, 1)
    assert isinstance(results[1], sa.exc.IntegrityError)
    assert isinstance(results[2], TypeError)
    assert await database.appender.append(1, [message_entry("d", "5.0")]) == 1
    async with database.reading() as conn:
        assert [r.entry.text for r in await entries.read(conn, 1)] == ["a", "c", "d"]
        assert await chain_faults(conn, 1) == []


async def test_an_append_whose_caller_went_away_is_recorded_all_the_same(database: Database) -> None:
    await store_incidents(database)
    leaving = asyncio.create_task(database.appender.append(1, [message_entry("a", "1.0")]))
    await asyncio.sleep(0)
    leaving.cancel()
    assert await database.appender.append(1, [message_entry("b", "2.0")]) == 1
    with pytest.raises(asyncio.CancelledError):
        await leaving
    async with database.reading() as conn:
        assert [r.entry.text for r in await entries.read(conn, 1)] == ["a", "b"]


async def test_closing_drains_and_then_refuses(database: Database, database_url: str) -> None:
    await store_incidents(database)
    waiting = [asyncio.create_task(database.appender.append(1, [message_entry(str(n))])) for n in range(50)]
    await asyncio.sleep(0)
    await database.close()
    assert await asyncio.gather(*waiting) == [1] * 50
    with pytest.raises(StorageError, match="Tocsin is closing its database"):
        await database.appender.append(1, [message_entry()])
    again = await open_database(database_url)
    async with again.reading() as conn:
        assert len(await entries.read(conn, 1)) == 50
    await again.close()


async def test_appends_and_use_cases_write_the_same_chain_at_once(database: Database, database_url: str) -> None:
    await store_incidents(database, 1, 2, 3)
    other = await open_database(database_url)

    async def in_a_use_case(n: int) -> None:
        async with other.transaction() as conn:
            for number in (3, 2, 1) if n % 2 else (1, 2, 3):
                if n % 3 == number - 1:
                    await entries.append(conn, number, [message_entry(f"use case {n}")])

    try:
        await asyncio.gather(
            *(database.appender.append(1 + n % 3, [message_entry(str(n))]) for n in range(90)),
            *(in_a_use_case(n) for n in range(30)),
        )
        async with database.reading() as conn:
            for number in (1, 2, 3):
                assert await chain_faults(conn, number) == []
                assert len(await entries.read(conn, number)) == 40
    finally:
        await other.close()
