"""Keeps the search index current, so that nobody who changes an incident waits for it."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from bot.usecases import search_index
from bot.usecases.context import Context
from bot.workers.base import Periodic
from bot.workers.tasks import WakeableTask

EVERY_S = 0.5  # what is noted is found within a second
LET_PASS_S = 0.3  # people who wait for an acknowledgement go first for so long


class SearchIndexer:
    """Indexes what has changed, twice a second. Replicas may do so at once: the first to finish an incident counts."""

    name = "search indexer"

    def __init__(self, context: Context) -> None:
        self._context = context
        self._current = False  # whether the index was made by this version's rules
        self._loop = WakeableTask(
            self.name, asyncio.Event(), self.round, hint="check the database; it is tried again every half second"
        )

    @property
    def periodic(self) -> Periodic:
        """Wakes it: nothing else announces what has changed."""
        return self._loop.poll(timedelta(seconds=EVERY_S))

    async def start(self) -> None:
        """Begin at once."""
        self._loop.start()

    async def stop(self, within_s: float) -> None:
        """Let the round under way end; cancel it after `within_s`. What is left is due at the next start."""
        await self._loop.stop(within_s)

    async def round(self) -> int:
        """Index every incident that is due. How many."""
        if not self._current:
            await search_index.clear_if_outdated(self._context.database)
            self._current = True
        return await search_index.index_due(self._context.database, self._let_people_pass)

    async def _let_people_pass(self) -> None:
        await self._context.foreground_gate.yield_to_foreground(LET_PASS_S)
