"""Loads the playbook library and its search index in the background, and caches search results."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.domain.playbook.search_hit import Hit
from playbooks import loader
from playbooks.loader import Library
from playbooks.search import Query, SearchIndex

MAX_CACHED_QUERIES = 256  # each rendering of a card repeats a query


@dataclass(frozen=True, slots=True)
class _IndexedLibrary:
    library: Library
    index: SearchIndex


class LibraryCache:
    """The shipped playbooks, replaced and extended by those in `folders`."""

    def __init__(self, folders: Sequence[Path] = ()) -> None:
        self.folders = tuple(folders)
        self._loading: asyncio.Task[_IndexedLibrary] | None = None
        self._hits: dict[str, list[Hit]] = {}

    def start(self) -> None:
        """Start loading; needs a running event loop. Calling it again is safe."""
        if self._loading is None:
            self._loading = asyncio.create_task(asyncio.to_thread(_read, self.folders), name="read the playbooks")

    async def library(self) -> Library:
        """The library, once loaded. Raises `PlaybookError` if a folder contains an invalid playbook."""
        return (await self._load()).library

    async def find(self, query: Query, limit: int = 5) -> list[Hit]:
        """Search results, the best first. Empty if nothing fits."""
        indexed, key = await self._load(), f"{limit} {query!r}"
        if key not in self._hits:
            if len(self._hits) >= MAX_CACHED_QUERIES:
                self._hits.pop(next(iter(self._hits)))
            self._hits[key] = indexed.index.find(query, limit)
        return self._hits[key]

    async def _load(self) -> _IndexedLibrary:
        self.start()
        assert self._loading is not None  # noqa: S101 - `start` has set it
        return await asyncio.shield(self._loading)


def _read(folders: Sequence[Path]) -> _IndexedLibrary:
    library = loader.load(folders) if folders else loader.shipped_library()
    return _IndexedLibrary(library, SearchIndex(library.playbooks))
