from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.database import Database
from storage.engine.group_commit import BatchedTransactions
from storage.key_value import Key
from storage.open import open_database


def writing(name: str) -> Callable[[AsyncConnection], Awaitable[str]]:
    async def operation(conn: AsyncConnection) -> str:
        await Key[int](name).put(conn, 1)
        return name

    return operation


async def failing(conn: AsyncConnection) -> str:
    await Key[int]("half").put(conn, 1)
    raise LookupError("not this one")


async def test_operations_that_arrive_together_are_one_commit(sqlite_url: str) -> None:
    database = await open_database(sqlite_url)
    commits = 0

    @asynccontextmanager
    async def counted() -> AsyncIterator[AsyncConnection]:
        nonlocal commits
        async with database.transaction() as conn:
            yield conn
        commits += 1

    batches = BatchedTransactions(counted)
    results = await asyncio.gather(*(batches.run(writing(f"n{n}")) for n in range(20)))
    assert results == [f"n{n}" for n in range(20)]
    assert commits == 1
    await database.close()


async def test_an_operation_that_fails_fails_alone(database: Database) -> None:
    operations = (writing("a"), failing, writing("b"))
    results = await asyncio.gather(*map(database.batched, operations), return_exceptions=True)
    assert results[0] == "a"
    assert isinstance(results[1], LookupError)
    assert results[2] == "b"
    async with database.reading() as conn:
        assert [await Key[int](name).get(conn) for name in ("a", "b", "half")] == [1, 1, None]


async def test_a_cancelled_caller_does_not_disturb_the_others(database: Database) -> None:
    tasks = [asyncio.create_task(database.batched(writing(name))) for name in ("a", "b")]
    await asyncio.sleep(0)
    tasks[0].cancel()
    with pytest.raises(asyncio.CancelledError):
        await tasks[0]
    assert await tasks[1] == "b"
