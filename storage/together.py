"""Pieces of work of any kind that are committed together, for SQLite, whose one writer would sync once for each.

PostgreSQL does so by itself, and there each piece keeps its own transaction: pieces lock incidents as they go, and two
transactions that lock several, each in its own order, would wait for one another for ever.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar, cast

from sqlalchemy.ext.asyncio import AsyncConnection

from storage.engine.group_commit import GroupCommit, Transaction

GROUP = 32  # pieces a transaction: others who want to write wait for no more than that

_T = TypeVar("_T")
Piece = Callable[[AsyncConnection], Awaitable[Any]]


class BatchedTransactions:
    """Pieces by whoever comes, in groups. Each must be safe to begin anew after a rollback."""

    def __init__(self, transaction: Transaction) -> None:
        self._grouped = GroupCommit[Piece, Any](transaction, _each, GROUP, "marks")

    async def run(self, piece: Callable[[AsyncConnection], Awaitable[_T]]) -> _T:
        """What `piece` gave back; comes back when it is durable."""
        return cast("_T", await self._grouped.run(piece))

    async def close(self) -> None:
        """Commit what is waiting and take nothing more. Twice is safe."""
        await self._grouped.close()


async def _each(conn: AsyncConnection, pieces: Sequence[Piece]) -> list[Any]:
    return [await piece(conn) for piece in pieces]
