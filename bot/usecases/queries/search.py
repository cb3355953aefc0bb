"""Searches incidents by typed words, or by their similarity to another incident."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.alerts.past_alert import PastAlert
from bot.domain.incident import Incident
from bot.domain.incident.status import Status
from bot.domain.triage import similarity
from bot.domain.triage.similarity import Frequencies, SearchDocument, SimilarIncident, Similarity, SimilarityQuery
from bot.domain.values import tokenizer
from bot.usecases.search_index import document, unique_terms
from bot.usecases.visibility import can_see
from storage import incidents, past_alerts, similar
from storage.timeline import entries as timeline

MAX_CANDIDATES = 40
LIKELIEST = 8  # candidates that are compared in full
MAX_MATCHES = 600  # incidents that the searched words may have together, before further words are left out
MAX_DESCRIPTION = 60  # terms of a description that similar incidents are searched by
MIN_COVERAGE = 0.25  # of the typed words, by weight, that a result has
MAX_NEW = 50  # incidents that are not indexed yet but are compared


def query_for(incident: Incident) -> SimilarityQuery:
    """The query that finds incidents similar to this one."""
    return SimilarityQuery(
        title=unique_terms(incident.title),
        description=unique_terms(incident.description)[:MAX_DESCRIPTION],
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

    Private incidents are left out, since not every reader may see them. So is what a drill plays.
    """
    without = {incident.number} | ({incident.plays.of} if incident.plays else set())
    return await similar_by(conn, query_for(incident), now, limit, at_least, without=without)


async def similar_by(
    conn: AsyncConnection,
    query: SimilarityQuery,
    now: datetime,
    limit: int = 3,
    at_least: float = similarity.OFFER_THRESHOLD,
    *,
    without: Collection[int] = (),
) -> list[SimilarIncident]:
    """Do what `similar_to` does for a query, such as one of alerts. `without` has numbers to leave out."""
    index = await _open_index(conn)
    frequencies = await index.frequencies(query.weights)
    candidates = await index.candidates(query, frequencies, private=False)
    documents = [candidate for candidate in candidates if candidate.incident not in without]
    incidents_by_number = await _incidents(conn, documents)
    compared = _compare(query, documents, incidents_by_number, frequencies)
    likeliest = dict(sorted(compared.items(), key=lambda pair: -pair[1].covered)[:LIKELIEST])
    likely_documents = [candidate for candidate in documents if candidate.incident in likeliest]
    title_terms = {term for candidate in likely_documents for term in candidate.title} - query.weights.keys()
    frequencies = frequencies.merged(await index.frequencies(sorted(title_terms)))
    ranked = similarity.rank(_compare(query, likely_documents, incidents_by_number, frequencies), incidents_by_number)
    confident = [pair for pair in ranked if pair[1].confidence >= at_least]
    return [await _describe(conn, match, like, query, now) for match, like in confident[:limit]]


async def search(
    conn: AsyncConnection, text: str, user: str | None, now: datetime, limit: int = 10
) -> list[SimilarIncident]:
    """Incidents with these words, the best match first; private ones only if `user` can see them.

    Without a user, as for the operator on the command line, all of them.
    """
    query = SimilarityQuery(title=unique_terms(text), words=tokenizer.terms_as_typed(text))
    index = await _open_index(conn)
    frequencies = await index.frequencies(query.weights)
    public = await index.candidates(query, frequencies, private=False)
    private = await index.candidates(query, frequencies, private=True)
    visible = await _incidents(conn, [*public, *private])
    for candidate in private:
        if user is not None and not await can_see(conn, visible[candidate.incident], user):
            del visible[candidate.incident]
    compared = _compare(query, [*public, *private], visible, frequencies)
    matches = [pair for pair in similarity.rank(compared, visible) if pair[1].covered >= MIN_COVERAGE]
    matches.sort(key=lambda pair: (-round(pair[1].covered, 1), -pair[0].number))
    return [await _describe(conn, match, like, query, now) for match, like in matches[:limit]]


async def search_past_alerts(conn: AsyncConnection, text: str, limit: int = 5) -> list[PastAlert]:
    """Imported alerts with these words, the best match first."""
    return await past_alerts.find(conn, unique_terms(text)[:MAX_DESCRIPTION], limit)


@dataclass(frozen=True, slots=True)
class _Index:
    """The search index, together with the newest incidents, which the indexer has not indexed yet."""

    conn: AsyncConnection
    new: tuple[tuple[Incident, SearchDocument], ...]

    async def frequencies(self, terms: Collection[str]) -> Frequencies:
        """The number of incidents, and the number of those that have each term."""
        stored = await similar.frequencies(self.conn, terms)
        new_terms = [words.all_terms for _, words in self.new]
        counts = {
            term: stored.counts.get(term, 0) + sum(term in document_terms for document_terms in new_terms)
            for term in terms
        }
        return Frequencies(stored.total + len(new_terms), counts)

    async def candidates(
        self, query: SimilarityQuery, frequencies: Frequencies, *, private: bool
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
        new = [
            words
            for incident, words in self.new
            if incident.private is private and not words.all_terms.isdisjoint(searched)
        ]
        return [*new, *await similar.find(self.conn, searched, limit=MAX_CANDIDATES, private=private)]


async def _open_index(conn: AsyncConnection) -> _Index:
    numbers = await similar.never_indexed(conn, MAX_NEW)
    new = await incidents.get_many(conn, numbers)
    return _Index(conn, tuple((incident, document(incident)) for incident in new.values()))


async def _incidents(conn: AsyncConnection, documents: Sequence[SearchDocument]) -> dict[int, Incident]:
    return await incidents.get_many(conn, [candidate.incident for candidate in documents])


def _compare(
    query: SimilarityQuery,
    documents: Sequence[SearchDocument],
    incidents_by_number: Mapping[int, Incident],
    frequencies: Frequencies,
) -> dict[int, Similarity]:
    return {
        candidate.incident: similarity.compare(query, candidate, incidents_by_number[candidate.incident], frequencies)
        for candidate in documents
        if candidate.incident in incidents_by_number
    }


async def _describe(
    conn: AsyncConnection, match: Incident, like: Similarity, query: SimilarityQuery, now: datetime
) -> SimilarIncident:
    """A match with the reasons for it, and its fix."""
    is_cancelled = match.status is Status.CANCELLED
    cancelled = await timeline.newest_of_kinds(conn, match.number, ["cancelled"]) if is_cancelled else None
    steps = await timeline.of_kind(conn, match.number, "playbook") if match.walks else []
    return SimilarIncident(
        match,
        like.confidence,
        similarity.reasons(query, like, match, now),
        similarity.fix_text(match, cancelled.entry.text if cancelled else ""),
        similarity.fixing_step(match, steps),
    )
