"""What many ask for at the same moment is read together: one question instead of dozens."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Hashable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Generic, TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection

_Key = TypeVar("_Key", bound=Hashable)
_Value = TypeVar("_Value")


class BatchLoader(Generic[_Key, _Value]):
    """`get` gives what `read` found for its key, of what stands after `get` was called; None where there is nothing."""

    def __init__(
        self,
        reading: Callable[[], AbstractAsyncContextManager[AsyncConnection]],
        read: Callable[[AsyncConnection, Collection[_Key]], Awaitable[Mapping[_Key, _Value]]],
    ) -> None:
        self._reading = reading
        self._read = read
        self._asked: dict[_Key, asyncio.Future[_Value | None]] = {}
        self._under_way: set[asyncio.Task[None]] = set()

    async def get(self, key: _Key) -> _Value | None:
        """Raises what the database raises."""
        if not self._asked:
            task = asyncio.create_task(self._answer(), name="read several")
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)
        if key not in self._asked:
            self._asked[key] = asyncio.get_running_loop().create_future()
        return await asyncio.shield(self._asked[key])

    async def _answer(self) -> None:
        asked, self._asked = self._asked, {}  # whoever asks from now on is answered by the next reading
        try:
            async with self._reading() as conn:
                found = await self._read(conn, list(asked))
        except Exception as error:  # noqa: BLE001 - whoever asked is told
            for waiting in asked.values():
                waiting.set_exception(error)
        else:
            for key, waiting in asked.items():
                waiting.set_result(found.get(key))
        finally:
            for waiting in asked.values():
                waiting.cancel()  # where this was cancelled itself
