"""Small pieces of work that come in together are committed together: one sync to the disk for all of them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Generic, TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection

from storage.engine.errors import StorageError

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")
Transaction = Callable[[], AbstractAsyncContextManager[AsyncConnection]]


@dataclass(frozen=True, slots=True, eq=False)
class _Waiting(Generic[_Item, _Result]):
    item: _Item
    done: asyncio.Future[_Result]


class GroupCommit(Generic[_Item, _Result]):
    """One task that commits whatever has come in while the last group was being committed.

    `write` gets up to `most` items and gives back what came of each. Where it raises, each item is tried by itself, so
    it must be safe to begin anew after a rollback; a `StorageError` is the database itself, and reaches all of them.
    """

    def __init__(
        self,
        transaction: Transaction,
        write: Callable[[AsyncConnection, Sequence[_Item]], Awaitable[Sequence[_Result]]],
        most: int,
        name: str,
    ) -> None:
        self._transaction = transaction
        self._write = write
        self._most = most
        self._name = name
        self._waiting: list[_Waiting[_Item, _Result]] = []
        self._worker: asyncio.Task[None] | None = None
        self._closed = False

    async def run(self, item: _Item) -> _Result:
        """Comes back when it is durable. Once called it is carried out, even if the caller is cancelled meanwhile."""
        if self._closed:
            raise StorageError("The database is being closed. Try again when Tocsin is up.")
        waiting: _Waiting[_Item, _Result] = _Waiting(item, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        if self._worker is None or self._worker.done():
            self._worker = asyncio.create_task(self._work(), name=self._name)
        return await waiting.done

    async def close(self) -> None:
        """Commit what is waiting and take nothing more. Twice is safe."""
        self._closed = True
        if self._worker is not None:
            await asyncio.wait({self._worker})

    async def _work(self) -> None:
        try:
            while self._waiting:
                group, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
                await self._commit(group)
        finally:  # only a cancelled task leaves anybody waiting
            self._waiting, left = [], self._waiting
            _fail(left, StorageError("Tocsin is stopping. Try again when it is up."))

    async def _commit(self, group: Sequence[_Waiting[_Item, _Result]]) -> None:
        try:
            async with self._transaction() as conn:
                results = await self._write(conn, [waiting.item for waiting in group])
        except StorageError as error:
            _fail(group, error)
        except asyncio.CancelledError:
            _fail(group, StorageError("Tocsin is stopping. Try again when it is up."))
            raise
        except Exception as error:  # noqa: BLE001 - whatever one item is made of, it must reach its own caller only
            if len(group) == 1:
                _fail(group, error)
            else:
                for waiting in group:
                    await self._commit([waiting])
        else:
            for waiting, result in zip(group, results, strict=True):
                with contextlib.suppress(asyncio.InvalidStateError):  # the caller was cancelled
                    waiting.done.set_result(result)


def _fail(group: Sequence[_Waiting[_Item, _Result]], error: Exception) -> None:
    for waiting in group:
        if not waiting.done.done():
            waiting.done.set_exception(error)
