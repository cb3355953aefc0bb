"""Grouped appends: timeline entries that arrive together are committed together.

A transaction each made 560 durable appends a second on SQLite, groups made 14,700 (architecture, decision 7).
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.timeline.entry import Entry
from storage.engine.group_commit import GroupCommit, Transaction
from storage.timeline import chain

GROUP = 256  # appends a transaction at most: keeps each turn on the event loop short


class Appender:
    """Appends by whoever comes, in groups."""

    def __init__(self, transaction: Transaction) -> None:
        self._grouped = GroupCommit(transaction, _write, GROUP, "timeline appends")

    async def append(self, number: int, entries: Sequence[Entry]) -> int:
        """The number of `entries` that were new, once they are durable. Idempotent for entries with a `dedup_key`."""
        return await self._grouped.run((number, entries))

    async def close(self) -> None:
        """Commit what is waiting and take nothing more. Twice is safe."""
        await self._grouped.close()


async def _write(conn: AsyncConnection, items: Sequence[tuple[int, Sequence[Entry]]]) -> list[int]:
    return [len(records) for records in await chain.append(conn, items)]
