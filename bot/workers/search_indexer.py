"""Indexes changed incidents for the search, so that nobody who changes an incident waits for it."""

from __future__ import annotations

from datetime import timedelta

from bot.usecases import search_index
from bot.usecases.context import Context
from bot.workers.base import Periodic

EVERY_S = 0.5  # what is noted is found within a second
LET_PASS_S = 0.3  # people who wait for an acknowledgement go first for so long


class SearchIndexer:
    """Indexes what has changed, twice a second. Of two replicas that index an incident, the first to finish counts."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._current = False  # whether the index was made by this version's rules

    @property
    def periodic(self) -> Periodic:
        """The task that runs a round."""
        return Periodic("search index", timedelta(seconds=EVERY_S), timedelta(0), self.round)

    async def round(self) -> int:
        """Index every incident that is due. Returns how many."""
        if not self._current:
            await search_index.clear_if_outdated(self._context.database)
            self._current = True
        return await search_index.index_due(self._context.database, self._let_people_pass)

    async def _let_people_pass(self) -> None:
        await self._context.foreground_gate.yield_to_foreground(LET_PASS_S)
