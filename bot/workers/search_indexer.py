"""Updates the search index in the background, so that changing an incident does not wait for it."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from bot.usecases import search_index
from bot.usecases.context import Context
from bot.workers.tasks import PolledService, WakeableTask

EVERY_S = 0.5  # so that search finds a change within a second
LET_PASS_S = 0.3  # at most; people who wait for an acknowledgement go first
LATER = 6  # rounds at most that are left out in a row while many reminders are due


class SearchIndexer(PolledService):
    """Indexes what has changed, twice a second. Replicas may do so at once: the first to finish an incident counts."""

    name = "search indexer"

    def __init__(self, context: Context) -> None:
        self._context = context
        self._current = False  # whether the index was made by this version's rules
        self._left_out = 0  # rounds in a row
        loop = WakeableTask(
            self.name, asyncio.Event(), self.round, hint="check the database; it is tried again every half second"
        )
        super().__init__(loop, timedelta(seconds=EVERY_S))

    async def round(self) -> int:
        """Index every incident that is due. Returns how many."""
        if self._context.lapsed_backlog.is_long and self._left_out < LATER:
            self._left_out += 1
            return 0
        self._left_out = 0
        if not self._current:
            await search_index.clear_if_outdated(self._context.database)
            self._current = True
        return await search_index.index_due(self._context.database, self._let_people_pass)

    async def _let_people_pass(self) -> None:
        await self._context.foreground_gate.yield_to_foreground(LET_PASS_S)
