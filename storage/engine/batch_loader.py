"""Batches concurrent reads into one query (a DataLoader without a cache)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Hashable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Generic, TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection

GATHER_TURNS = 5  # of the event loop: reads that come meanwhile share the query
_Key = TypeVar("_Key", bound=Hashable)
_Value = TypeVar("_Value")


class BatchLoader(Generic[_Key, _Value]):
    """Loads values by key. `get` never returns data older than its call."""

    def __init__(
        self,
        reading: Callable[[], AbstractAsyncContextManager[AsyncConnection]],
        read: Callable[[AsyncConnection, Collection[_Key]], Awaitable[Mapping[_Key, _Value]]],
    ) -> None:
        self._reading = reading
        self._read = read
        self._pending: dict[_Key, asyncio.Future[_Value | None]] = {}
        self._batches: set[asyncio.Task[None]] = set()

    async def get(self, key: _Key) -> _Value | None:
        """The value of a key; `None` if there is none. Raises the database's errors."""
        if not self._pending:
            task = asyncio.create_task(self._load(), name="batch loader")
            self._batches.add(task)
            task.add_done_callback(self._batches.discard)
        if key not in self._pending:
            self._pending[key] = asyncio.get_running_loop().create_future()
        return await asyncio.shield(self._pending[key])

    async def _load(self) -> None:
        for _ in range(GATHER_TURNS):
            await asyncio.sleep(0)
        batch, self._pending = self._pending, {}  # calls from now on belong to the next batch
        try:
            async with self._reading() as conn:
                values = await self._read(conn, list(batch))
        except Exception as error:  # noqa: BLE001 - every caller gets it
            for future in batch.values():
                future.set_exception(error)
        else:
            for key, future in batch.items():
                future.set_result(values.get(key))
        finally:
            for future in batch.values():
                future.cancel()  # does nothing unless this task was cancelled itself
