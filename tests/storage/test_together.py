from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import key_value
from storage.database import Database
from storage.together import BatchedTransactions


def writing(name: str) -> object:
    async def piece(conn: AsyncConnection) -> str:
        await key_value.put(conn, name, 1)
        return name

    return piece


async def failing(conn: AsyncConnection) -> str:
    await key_value.put(conn, "half", 1)
    raise LookupError("not this one")


async def test_pieces_that_come_together_are_committed_together(sqlite_url: str) -> None:
    database = await Database.open(sqlite_url)
    commits = 0

    @asynccontextmanager
    async def counted() -> AsyncIterator[AsyncConnection]:
        nonlocal commits
        async with database.transaction() as conn:
            yield conn
        commits += 1

    together = BatchedTransactions(counted)
    done = await asyncio.gather(*(together.run(writing(f"n{n}")) for n in range(20)))  # type: ignore[arg-type]
    assert done == [f"n{n}" for n in range(20)]
    assert commits == 1
    await database.close()


async def test_a_piece_that_fails_fails_alone(database: Database) -> None:
    tasks = [asyncio.create_task(database.batched(piece)) for piece in (writing("a"), failing, writing("b"))]  # type: ignore[arg-type]
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert results[0] == "a"
    assert isinstance(results[1], LookupError)
    assert results[2] == "b"
    async with database.reading() as conn:
        assert await key_value.get(conn, "a") == await key_value.get(conn, "b") == 1
        assert await key_value.get(conn, "half") is None


async def test_one_who_gives_up_waiting_takes_nothing_from_the_others(database: Database) -> None:
    tasks = [asyncio.create_task(database.batched(writing(name))) for name in ("a", "b")]  # type: ignore[arg-type]
    await asyncio.sleep(0)
    tasks[0].cancel()
    with pytest.raises(asyncio.CancelledError):
        await tasks[0]
    assert await tasks[1] == "b"
