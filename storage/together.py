"""Small pieces of work that come in together are committed together: one sync to the disk for all of them.

For SQLite, whose one writer would sync once for each. PostgreSQL does so by itself, and there each piece keeps its own
transaction, so that no two incidents are ever locked by one.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from sqlalchemy.ext.asyncio import AsyncConnection

from storage.errors import StorageError

GROUP = 32  # pieces a transaction: others who want to write wait for no more than that

_T = TypeVar("_T")
Piece = Callable[[AsyncConnection], Awaitable[Any]]


@dataclass(frozen=True, slots=True, eq=False)
class _Waiting:
    piece: Piece
    done: asyncio.Future[Any]


class Together:
    """One task that commits whatever has come in while the last group was being committed."""

    def __init__(self, transaction: Callable[[], AbstractAsyncContextManager[AsyncConnection]]) -> None:
        self._transaction = transaction
        self._waiting: list[_Waiting] = []
        self._worker: asyncio.Task[None] | None = None

    async def run(self, piece: Callable[[AsyncConnection], Awaitable[_T]]) -> _T:
        """What `piece` gave back; comes back when it is durable. Where a group fails, each is tried again by itself,
        so a piece must be safe to begin anew after a rollback.
        """
        item = _Waiting(piece, asyncio.get_running_loop().create_future())
        self._waiting.append(item)
        if self._worker is None or self._worker.done():
            self._worker = asyncio.create_task(self._work(), name="marks")
        return cast("_T", await item.done)

    async def close(self) -> None:
        """Commit what is waiting. Twice is safe."""
        if self._worker is not None:
            await asyncio.wait({self._worker})

    async def _work(self) -> None:
        try:
            while self._waiting:
                group, self._waiting = self._waiting[:GROUP], self._waiting[GROUP:]
                await self._commit(group)
        finally:  # only a cancelled task leaves anybody waiting
            self._waiting, left = [], self._waiting
            _fail(left, StorageError("Tocsin is stopping. Try again when it is up."))

    async def _commit(self, group: list[_Waiting]) -> None:
        try:
            async with self._transaction() as conn:
                results = [await item.piece(conn) for item in group]
        except asyncio.CancelledError:
            _fail(group, StorageError("Tocsin is stopping. Try again when it is up."))
            raise
        except Exception as error:  # noqa: BLE001 - whatever one piece raises must reach its own caller only
            if len(group) == 1:
                _fail(group, error)
            else:
                for item in group:
                    await self._commit([item])
        else:
            for item, result in zip(group, results, strict=True):
                with contextlib.suppress(asyncio.InvalidStateError):  # the caller was cancelled
                    item.done.set_result(result)


def _fail(group: list[_Waiting], error: Exception) -> None:
    for item in group:
        if not item.done.done():
            item.done.set_exception(error)
