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
from tests.storage.helpers import incident, stored


async def test_what_is_asked_for_at_once_is_read_at_once(database: Database) -> None:
    await stored(database, 1, 2)
    asked: list[list[int]] = []

    async def read(conn: AsyncConnection, numbers: Collection[int]) -> Any:
        asked.append(sorted(numbers))
        return await incidents.several(conn, numbers)

    several = BatchLoader(database.reading, read)
    found = await asyncio.gather(*(several.get(number) for number in (1, 2, 2, 9)))
    assert found == [incident(1), incident(2), incident(2), None]
    assert asked == [[1, 2, 9]]


async def test_nothing_is_answered_from_before_it_was_asked(database: Database) -> None:
    await stored(database, 1)
    reading, go_on = asyncio.Event(), asyncio.Event()

    async def read(conn: AsyncConnection, numbers: Collection[int]) -> Any:
        found = await incidents.several(conn, numbers)
        reading.set()
        await go_on.wait()
        return found

    several = BatchLoader(database.reading, read)
    first = asyncio.create_task(several.get(1))
    await reading.wait()
    async with database.transaction() as conn:
        await incidents.save(conn, incident(1, title="Another"))
    second = asyncio.create_task(several.get(1))
    await asyncio.sleep(0)
    go_on.set()
    assert (await first) == incident(1)
    assert (await second) == incident(1, title="Another")


async def test_everybody_is_told_when_it_fails_and_the_next_are_read_anew(database: Database) -> None:
    await stored(database, 1)
    fails = True

    async def read(conn: AsyncConnection, numbers: Collection[int]) -> Any:
        if fails:
            raise StorageError("away")
        return await incidents.several(conn, numbers)

    several = BatchLoader(database.reading, read)
    first, second = await asyncio.gather(several.get(1), several.get(2), return_exceptions=True)
    assert [str(first), str(second)] == ["away", "away"]
    fails = False
    assert await several.get(1) == incident(1)


async def test_whoever_gives_up_takes_nothing_from_the_others(database: Database) -> None:
    await stored(database, 1)
    several = BatchLoader(database.reading, incidents.several)
    hasty, patient = asyncio.create_task(several.get(1)), asyncio.create_task(several.get(1))
    await asyncio.sleep(0)
    hasty.cancel()
    with pytest.raises(asyncio.CancelledError):
        await hasty
    assert await patient == incident(1)
