from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import incidents
from storage.database import Database
from storage.engine.batch_loader import BatchLoader
from storage.engine.errors import StorageError
from tests.storage.helpers import incident, store_incidents


async def test_concurrent_gets_are_one_read(database: Database) -> None:
    await store_incidents(database, 1, 2)
    reads: list[list[int]] = []

    async def read(conn: AsyncConnection, numbers: Collection[int]) -> Any:
        reads.append(sorted(numbers))
        return await incidents.get_many(conn, numbers)

    loader = BatchLoader(database.reading, read)
    values = await asyncio.gather(*(loader.get(number) for number in (1, 2, 2, 9)))
    assert values == [incident(1), incident(2), incident(2), None]
    assert reads == [[1, 2, 9]]


async def test_get_never_returns_data_older_than_its_call(database: Database) -> None:
    await store_incidents(database, 1)
    reading, go_on = asyncio.Event(), asyncio.Event()

    async def read(conn: AsyncConnection, numbers: Collection[int]) -> Any:
        values = await incidents.get_many(conn, numbers)
        reading.set()
        await go_on.wait()
        return values

    loader = BatchLoader(database.reading, read)
    first = asyncio.create_task(loader.get(1))
    await reading.wait()
    async with database.transaction() as conn:
        await incidents.save(conn, incident(1, title="Another"))
    second = asyncio.create_task(loader.get(1))
    await asyncio.sleep(0)
    go_on.set()
    assert (await first) == incident(1)
    assert (await second) == incident(1, title="Another")


async def test_a_failed_read_fails_every_get_of_its_batch_and_no_later_one(database: Database) -> None:
    await store_incidents(database, 1)
    fails = True

    async def read(conn: AsyncConnection, numbers: Collection[int]) -> Any:
        if fails:
            raise StorageError("away")
        return await incidents.get_many(conn, numbers)

    loader = BatchLoader(database.reading, read)
    results = await asyncio.gather(loader.get(1), loader.get(2), return_exceptions=True)
    assert [str(result) for result in results] == ["away", "away"]
    fails = False
    assert await loader.get(1) == incident(1)


async def test_a_cancelled_get_does_not_disturb_the_others(database: Database) -> None:
    await store_incidents(database, 1)
    loader = BatchLoader(database.reading, incidents.get_many)
    hasty, patient = asyncio.create_task(loader.get(1)), asyncio.create_task(loader.get(1))
    await asyncio.sleep(0)
    hasty.cancel()
    with pytest.raises(asyncio.CancelledError):
        await hasty
    assert await patient == incident(1)
