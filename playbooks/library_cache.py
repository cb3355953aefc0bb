"""The shelf: the library and its index, read in the background, so that neither starting nor a press waits for it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.domain.playbook.search_hit import Hit
from playbooks import loader
from playbooks.loader import Library
from playbooks.search import Query, SearchIndex

MAX_CACHED_QUERIES = 256  # answers that are asked for again, each time a card is drawn


@dataclass(frozen=True, slots=True)
class _IndexedLibrary:
    library: Library
    index: SearchIndex


class LibraryCache:
    """The shipped playbooks, and over them those of `folders`."""

    def __init__(self, folders: Sequence[Path] = ()) -> None:
        self.folders = tuple(folders)
        self._reading: asyncio.Task[_IndexedLibrary] | None = None
        self._found: dict[str, list[Hit]] = {}

    def start(self) -> None:
        """Begin to read; needs a running loop. Twice is safe."""
        if self._reading is None:
            self._reading = asyncio.create_task(asyncio.to_thread(_read, self.folders), name="read the playbooks")

    async def library(self) -> Library:
        """Raises `PlaybookError` where a folder of the operator's holds something that is no playbook."""
        return (await self._stock()).library

    async def find(self, query: Query, limit: int = 5) -> list[Hit]:
        """The best first; nothing where nothing fits."""
        stock, asked = await self._stock(), f"{limit} {query!r}"
        if asked not in self._found:
            if len(self._found) >= MAX_CACHED_QUERIES:
                self._found.pop(next(iter(self._found)))
            self._found[asked] = stock.index.find(query, limit)
        return self._found[asked]

    async def _stock(self) -> _IndexedLibrary:
        self.start()
        assert self._reading is not None  # noqa: S101 - it was started just now
        return await asyncio.shield(self._reading)


def _read(folders: Sequence[Path]) -> _IndexedLibrary:
    library = loader.load(folders) if folders else loader.shipped()
    return _IndexedLibrary(library, SearchIndex(library.playbooks))
