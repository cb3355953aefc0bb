"""Commits writes that arrive together in one transaction, with one sync to disk for all of them (group commit)."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, cast

from sqlalchemy.ext.asyncio import AsyncConnection

from storage.engine.errors import StorageError

MAX_OPERATIONS = 32  # in one transaction of `BatchedTransactions`: other writers wait no longer than that

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")
Transaction = Callable[[], AbstractAsyncContextManager[AsyncConnection]]
Operation = Callable[[AsyncConnection], Awaitable[Any]]


@dataclass(frozen=True, slots=True, eq=False)
class _Waiting(Generic[_Item, _Result]):
    item: _Item
    done: asyncio.Future[_Result]


class GroupCommit(Generic[_Item, _Result]):
    """One task that commits, as one group, the items that arrived while the previous group was being committed.

    `write` gets up to `max_group` items and returns one result for each. If it raises, each item is tried by itself,
    so it must be safe to start again after a rollback. A `StorageError` is the database's and goes to every caller.
    A group that is not full waits `gather_s()` seconds for more items.
    """

    def __init__(
        self,
        transaction: Transaction,
        write: Callable[[AsyncConnection, Sequence[_Item]], Awaitable[Sequence[_Result]]],
        max_group: int,
        name: str,
        gather_s: Callable[[], float] = lambda: 0.0,
    ) -> None:
        self._transaction = transaction
        self._write = write
        self._max_group = max_group
        self._name = name
        self._gather_s = gather_s
        self._waiting: list[_Waiting[_Item, _Result]] = []
        self._worker: asyncio.Task[None] | None = None
        self._closed = False

    async def run(self, item: _Item) -> _Result:
        """Write an item and return its result once it is durable. It is written even if the caller is cancelled."""
        if self._closed:
            raise StorageError("Tocsin is closing its database. Try again when it is up.")
        waiting: _Waiting[_Item, _Result] = _Waiting(item, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        if self._worker is None or self._worker.done():
            self._worker = asyncio.create_task(self._work(), name=self._name)
        return await waiting.done

    async def close(self) -> None:
        """Commit the items that are waiting, and accept no more. Calling it twice is safe."""
        self._closed = True
        if self._worker is not None:
            await asyncio.wait({self._worker})

    async def _work(self) -> None:
        try:
            while self._waiting:
                if len(self._waiting) < self._max_group and not self._closed and (gather_s := self._gather_s()) > 0:
                    await asyncio.sleep(gather_s)
                group, self._waiting = self._waiting[: self._max_group], self._waiting[self._max_group :]
                await self._commit(group)
        finally:  # items are left only if this task was cancelled
            self._waiting, uncommitted = [], self._waiting
            _fail(uncommitted, StorageError("Tocsin is stopping. Try again when it is up."))

    async def _commit(self, group: Sequence[_Waiting[_Item, _Result]]) -> None:
        try:
            async with self._transaction() as conn:
                results = await self._write(conn, [waiting.item for waiting in group])
        except StorageError as error:
            _fail(group, error)
        except asyncio.CancelledError:
            _fail(group, StorageError("Tocsin is stopping. Try again when it is up."))
            raise
        except Exception as error:  # noqa: BLE001 - an item's error goes to its own caller only
            if len(group) == 1:
                _fail(group, error)
            else:
                for waiting in group:
                    await self._commit([waiting])
        else:
            for waiting, result in zip(group, results, strict=True):
                with contextlib.suppress(asyncio.InvalidStateError):  # the caller was cancelled
                    waiting.done.set_result(result)


class BatchedTransactions:
    """Group commit for operations of any kind, on SQLite, whose single writer would sync to disk for each.

    On PostgreSQL each operation keeps its own transaction: operations lock incidents as they go, and two transactions
    that lock several incidents, each in its own order, would deadlock.
    """

    def __init__(self, transaction: Transaction) -> None:
        self._commits = GroupCommit[Operation, Any](transaction, _run_each, MAX_OPERATIONS, "batched transactions")

    async def run(self, operation: Callable[[AsyncConnection], Awaitable[_Result]]) -> _Result:
        """Run an operation and return its result once it is durable. It may be started again after a rollback."""
        return cast("_Result", await self._commits.run(operation))

    async def close(self) -> None:
        """Commit the operations that are waiting, and accept no more. Calling it twice is safe."""
        await self._commits.close()


async def _run_each(conn: AsyncConnection, operations: Sequence[Operation]) -> list[Any]:
    return [await operation(conn) for operation in operations]


def _fail(group: Sequence[_Waiting[_Item, _Result]], error: Exception) -> None:
    for waiting in group:
        if not waiting.done.done():
            waiting.done.set_exception(error)
