"""Indexes the search terms of incidents that have changed.

Nobody waits for it: an incident is due for indexing as soon as its timeline is longer than the part that was indexed,
and a worker indexes what is due. See `bot/workers/search_indexer.py`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.incident import Incident, ReviewState
from bot.domain.timeline.entry import Entry
from bot.domain.triage.similarity import SearchDocument
from bot.domain.values import tokenizer
from storage import incidents, key_value, reviews, similar
from storage.database import Database
from storage.engine.errors import StorageError
from storage.similar import DueForIndexing
from storage.timeline import entries as timeline

log = structlog.get_logger()

INDEXED_KINDS = frozenset({"update", "note", "status", "cancelled", "alert", "message"})  # `message`: pinned ones
# Frequent entries that change no search term. After an entry of any other kind, the incident is indexed again.
UNRELATED_KINDS = frozenset(
    {"message", "reaction", "pin", "joined", "left", "file", "reminder", "page", "sent", "snoozed", "role"}
)
MAX_ENTRIES = 300
MAX_BODY = 1500  # terms
BATCH = 200  # are looked for at once; each that has changed is indexed by itself
_DOCUMENT_VERSION = 2  # raise it when `document` changes

Pause = Callable[[], Awaitable[None]]


async def _no_pause() -> None:
    return


def unique_terms(*texts: str) -> tuple[str, ...]:
    """The index terms of several texts, each once, in their order."""
    return tuple(dict.fromkeys(term for text in texts if text for term in tokenizer.index_terms(text)))


def document(incident: Incident) -> SearchDocument:
    """The search terms of the incident itself, without its timeline. A drill has none."""
    if incident.drill:
        return SearchDocument(incident.number)
    return SearchDocument(
        incident.number,
        title=unique_terms(incident.title),
        services=unique_terms(*incident.services, *incident.tags, (incident.category or "").replace("_", " ")),
        fix=unique_terms(incident.summary, incident.root_cause),
        body=unique_terms(incident.description)[:MAX_BODY],
    )


async def index_due(database: Database, pause: Pause = _no_pause) -> int:
    """Index every incident that is due, and return how many were read again.

    `pause` is awaited before each, so that requests which people wait for go first. An incident that cannot be indexed
    stays due and holds up no other.
    """
    count = 0
    below: int | None = None
    while True:
        async with database.reading() as conn:
            batch = await similar.due_for_indexing(conn, BATCH, below=below, unrelated_kinds=UNRELATED_KINDS)
        if unchanged := [due for due in batch if not due.changed]:
            async with database.transaction() as conn:
                await similar.mark_indexed(conn, unchanged)
        for due in batch:
            if due.changed:
                await pause()
                count += await _index_or_log(database, due)
        if len(batch) < BATCH:
            return count
        below = batch[-1].incident


async def _index_or_log(database: Database, due: DueForIndexing) -> int:
    try:
        return await _index(database, due)
    except StorageError:
        raise
    except Exception:
        log.exception("search_index.failed", incident=f"INC-{due.incident}", hint="it is tried again")
        return 0


async def _index(database: Database, due: DueForIndexing) -> int:
    """Read and tokenize first, so that the transaction is short and holds up no one."""
    async with database.reading() as conn:
        incident = await incidents.get(conn, due.incident)
        if incident is None:
            return 0
        keyed = await timeline.read(conn, due.incident, key_only=True, limit=MAX_ENTRIES, newest=True)
        published = incident.review is not None and incident.review.state is ReviewState.PUBLISHED
        texts = await reviews.current(conn, due.incident) if published else {}
    entries = [replace(record.entry, text=record.current_text) for record in keyed if not record.deleted]
    search_document = await _whole_document(incident, entries, [text.text for text in texts.values()])
    async with database.transaction() as conn:
        if await similar.mark_indexed(conn, [due]):
            await similar.index(conn, search_document)
            return 1
    return 0  # another replica was faster, or indexing was requested again


async def _whole_document(
    incident: Incident, entries: Sequence[Entry], review_texts: Sequence[str]
) -> SearchDocument:  # fmt: skip
    """`document` with the terms of these entries, and of what people wrote in a published review.

    It lets other tasks run after each entry, since it takes long.
    """
    search_document = document(incident)
    if incident.drill:
        return search_document
    body = dict.fromkeys(search_document.body)
    for text in review_texts:
        body |= dict.fromkeys(tokenizer.index_terms(text))
        await asyncio.sleep(0)
    for entry in entries:
        if entry.kind in INDEXED_KINDS:
            text = str(entry.data.get("note") or "") if entry.kind == "status" else entry.text
            body |= dict.fromkeys(tokenizer.index_terms(text))
            await asyncio.sleep(0)
        if len(body) >= MAX_BODY:
            break
    return SearchDocument(
        search_document.incident,
        search_document.title,
        search_document.services,
        search_document.fix,
        (*body,)[:MAX_BODY],
    )


async def forget_timeline(conn: AsyncConnection, incident: Incident) -> None:
    """Forget the words of an incident whose timeline texts were deleted, and have the incident indexed again."""
    await similar.index(conn, document(incident))
    await similar.request_indexing(conn, incident.number)


async def clear_if_outdated(database: Database) -> None:
    """Have every incident indexed again, if the index was built by rules other than today's."""
    version = f"{_DOCUMENT_VERSION}:{tokenizer.VERSION}"
    async with database.reading() as conn:
        if await key_value.SEARCH_INDEX_VERSION.get(conn) == version:
            return
    async with database.transaction() as conn:
        await similar.clear(conn)
        await key_value.SEARCH_INDEX_VERSION.put(conn, version)
