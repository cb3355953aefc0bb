"""The search index of incidents: kept current with every change, and searched by an incident or by typed words."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.incident import Incident
from bot.domain.incident.status import Status
from bot.domain.timeline.entry import Entry
from bot.domain.triage import similarity
from bot.domain.triage.similarity import Frequencies, SearchDocument, SimilarIncident, Similarity, SimilarityQuery
from bot.domain.values import tokenizer
from bot.usecases.effects.incident_save import IncidentSave
from bot.usecases.effects.visibility import can_see
from storage import incidents, key_value, similar
from storage.database import Database
from storage.timeline import entries as timeline

log = structlog.get_logger()

INDEXED_KINDS = frozenset({"update", "note", "status", "cancelled", "alert", "message"})  # `message`: pinned ones
MAX_ENTRIES = 300
MAX_BODY = 1500  # terms
MAX_CANDIDATES = 40
LIKELIEST = 8  # of the candidates are compared in full
MAX_MATCHES = 600  # incidents that the searched words may have together, before further words are left out
MAX_DESCRIPTION = 60  # terms of a description that similar incidents are searched by
BATCH = 20
MIN_COVERAGE = 0.25  # of the typed words, by weight, that a result has
_DOCUMENT_VERSION = 1  # raise it when `document` changes


def document(incident: Incident, entries: Sequence[Entry] = ()) -> SearchDocument:
    """The terms that the incident is found by. A drill is never found."""
    if incident.drill:
        return SearchDocument(incident.number)
    texts = [str(entry.data.get("note") or "") if entry.kind == "status" else entry.text for entry in entries]
    return SearchDocument(
        incident.number,
        title=_terms(incident.title),
        services=_terms(*incident.services, (incident.category or "").replace("_", " ")),
        fix=_terms(incident.summary, incident.root_cause),
        body=_terms(incident.description, *texts)[:MAX_BODY],
    )


async def reindex(conn: AsyncConnection, incident: Incident) -> None:
    """Index the incident by its current state and timeline."""
    keyed = await timeline.read(conn, incident.number, key_only=True, limit=MAX_ENTRIES, newest=True)
    indexed = [record.entry for record in keyed if record.entry.kind in INDEXED_KINDS]
    await similar.index(conn, document(incident, indexed))


async def reindex_if_changed(conn: AsyncConnection, save: IncidentSave, _now: datetime) -> IncidentSave:
    """Index the incident again where its searched text changed. Messages pinned since the last time are included."""
    before, after = save.before, save.after
    if before is None:
        await similar.index(conn, document(after))
    elif _searched_text(before) != _searched_text(after) or any(
        record.entry.kind in INDEXED_KINDS for record in save.recorded
    ):
        await reindex(conn, after)
    return save


def query_for(incident: Incident) -> SimilarityQuery:
    """The query that finds incidents similar to this one."""
    return SimilarityQuery(
        title=_terms(incident.title),
        description=_terms(incident.description)[:MAX_DESCRIPTION],
        services=incident.services,
        category=incident.category,
        words=tokenizer.terms_as_typed(f"{incident.title} \n {incident.description}"),
    )


async def similar_to(
    conn: AsyncConnection,
    incident: Incident,
    now: datetime,
    limit: int = 3,
    at_least: float = similarity.OFFER_THRESHOLD,
) -> list[SimilarIncident]:
    """Past and open incidents that probably have the same cause, the likeliest first.

    Private ones are never among them: their existence is not for every reader.
    """
    query = query_for(incident)
    frequencies = await similar.frequencies(conn, query.weights)
    candidates = await _candidates(conn, query, frequencies, private=False)
    documents = [document for document in candidates if document.incident != incident.number]
    found = await _incidents(conn, documents)
    compared = _compare(query, documents, found, frequencies)
    likeliest = dict(sorted(compared.items(), key=lambda pair: -pair[1].covered)[:LIKELIEST])
    likely = [document for document in documents if document.incident in likeliest]
    title_terms = {term for document in likely for term in document.title} - query.weights.keys()
    frequencies = frequencies.merged(await similar.frequencies(conn, sorted(title_terms)))
    ranked = similarity.rank(_compare(query, likely, found, frequencies), found)
    confident = [pair for pair in ranked if pair[1].confidence >= at_least]
    return [await _described(conn, match, like, query, now) for match, like in confident[:limit]]


async def search(
    conn: AsyncConnection, text: str, user: str | None, now: datetime, limit: int = 10
) -> list[SimilarIncident]:
    """Incidents with these words, the best match first; of private ones only those that `user` can see.

    Without a user, which is the operator on the command line, all of them.
    """
    query = SimilarityQuery(title=_terms(text), words=tokenizer.terms_as_typed(text))
    frequencies = await similar.frequencies(conn, query.weights)
    public = await _candidates(conn, query, frequencies, private=False)
    private = await _candidates(conn, query, frequencies, private=True)
    visible = await _incidents(conn, [*public, *private])
    for document in private:
        if user is not None and not await can_see(conn, visible[document.incident], user):
            del visible[document.incident]
    compared = _compare(query, [*public, *private], visible, frequencies)
    matches = [pair for pair in similarity.rank(compared, visible) if pair[1].covered >= MIN_COVERAGE]
    matches.sort(key=lambda pair: (-round(pair[1].covered, 1), -pair[0].number))
    return [await _described(conn, match, like, query, now) for match, like in matches[:limit]]


async def fill(database: Database) -> int:
    """Index every incident that is not indexed: all of them after an upgrade that reads words differently. How many."""
    await _clear_if_outdated(database)
    number = count = 0
    while True:
        async with database.transaction() as conn:
            batch = await similar.unindexed(conn, number, BATCH)
            for number in batch:
                if (incident := await incidents.lock(conn, number)) is not None:
                    await reindex(conn, incident)
        count += len(batch)
        if len(batch) < BATCH:
            break
        await asyncio.sleep(0.01)  # let other writers in
    if count:
        log.info("similar.filled", incidents=count)
    return count


async def _clear_if_outdated(database: Database) -> None:
    built_by = f"{_DOCUMENT_VERSION}:{tokenizer.VERSION}"
    async with database.reading() as conn:
        if await key_value.SEARCH_INDEX_VERSION.get(conn) == built_by:
            return
    async with database.transaction() as conn:
        await similar.clear(conn)
        await key_value.SEARCH_INDEX_VERSION.put(conn, built_by)


async def _candidates(
    conn: AsyncConnection, query: SimilarityQuery, frequencies: Frequencies, *, private: bool
) -> list[SearchDocument]:
    """Search by the rarest words, up to the number of incidents that these may have together."""
    weights = {
        term: weight * frequencies.weight(term)
        for term, weight in query.weights.items()
        if frequencies.counts.get(term)
    }
    searched: dict[str, float] = {}
    matches = 0
    for term in sorted(weights, key=lambda term: -weights[term]):
        matches += frequencies.counts[term]
        if searched and matches > MAX_MATCHES:
            break
        searched[term] = weights[term]
    return await similar.find(conn, searched, limit=MAX_CANDIDATES, private=private)


async def _incidents(conn: AsyncConnection, documents: Sequence[SearchDocument]) -> dict[int, Incident]:
    return await incidents.get_many(conn, [each.incident for each in documents])


def _compare(
    query: SimilarityQuery,
    documents: Sequence[SearchDocument],
    found: Mapping[int, Incident],
    frequencies: Frequencies,
) -> dict[int, Similarity]:
    return {
        document.incident: similarity.compare(query, document, found[document.incident], frequencies)
        for document in documents
        if document.incident in found
    }


async def _described(
    conn: AsyncConnection, match: Incident, like: Similarity, query: SimilarityQuery, now: datetime
) -> SimilarIncident:
    """A match with the reasons, and what ended it."""
    is_cancelled = match.status is Status.CANCELLED
    cancelled = await timeline.newest_of_kinds(conn, match.number, ["cancelled"]) if is_cancelled else None
    steps = await timeline.of_kind(conn, match.number, "playbook") if match.walks else []
    return SimilarIncident(
        match,
        like.confidence,
        similarity.reasons(query, like, match, now),
        similarity.what_fixed(match, cancelled.entry.text if cancelled else ""),
        similarity.fixing_step(match, steps),
    )


def _terms(*texts: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(term for text in texts if text for term in tokenizer.index_terms(text)))


def _searched_text(incident: Incident) -> tuple[object, ...]:
    return (
        incident.title, incident.description, incident.services, incident.category,
        incident.summary, incident.root_cause, incident.open, incident.drill,
    )  # fmt: skip
