"""Similar incidents: kept findable with every change, and looked for by what is known or by what somebody types."""

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

TOLD = frozenset({"update", "note", "status", "cancelled", "alert", "message"})  # `message`: one that was pinned
ENTRIES = 300
BODY = 1500  # terms
CANDIDATES = 40
LIKELY = 8  # of these, how many are looked at closely
LOOKED_AT = 600  # incidents that have one of the words; more are not gone through
DESCRIBED = 60  # terms of a description that others are looked for by
BATCH = 20
ENOUGH = 0.25  # of what was typed, weighed: what has less of it is not what was looked for
_RECIPE = 1  # counts changes of `document`


def document(incident: Incident, entries: Sequence[Entry] = ()) -> SearchDocument:
    """What it is found by. A drill is found by nothing."""
    if incident.drill:
        return SearchDocument(incident.number)
    told = [str(one.data.get("note") or "") if one.kind == "status" else one.text for one in entries]
    return SearchDocument(
        incident.number,
        title=_terms(incident.title),
        services=_terms(*incident.services, (incident.category or "").replace("_", " ")),
        fix=_terms(incident.summary, incident.root_cause),
        body=_terms(incident.description, *told)[:BODY],
    )


async def index(conn: AsyncConnection, incident: Incident) -> None:
    """Make it findable as it stands now."""
    keyed = await timeline.read(conn, incident.number, key_only=True, limit=ENTRIES, newest=True)
    told = [record.entry for record in keyed if record.entry.kind in TOLD]
    await similar.index(conn, document(incident, told))


async def reindex_if_changed(conn: AsyncConnection, save: IncidentSave, _now: datetime) -> IncidentSave:
    """Index the incident again where its searched text changed. Messages pinned since the last time are included."""
    before, after = save.before, save.after
    if before is None:
        await similar.index(conn, document(after))
    elif _found_by(before) != _found_by(after) or any(record.entry.kind in TOLD for record in save.recorded):
        await index(conn, after)
    return save


def asked_of(incident: Incident) -> SimilarityQuery:
    said = tokenizer.terms_as_typed(f"{incident.title} \n {incident.description}")
    return SimilarityQuery(
        title=_terms(incident.title),
        description=_terms(incident.description)[:DESCRIBED],
        services=incident.services,
        category=incident.category,
        words=said,
    )


async def to(
    conn: AsyncConnection,
    incident: Incident,
    now: datetime,
    limit: int = 3,
    at_least: float = similarity.OFFER_THRESHOLD,
) -> list[SimilarIncident]:
    """Past and open incidents that are probably the same trouble, the surest first. Private ones never are among them:
    whoever reads this may not know of them.
    """
    asked = asked_of(incident)
    often = await similar.frequencies(conn, asked.weights)
    documents = [one for one in await _candidates(conn, asked, often, private=False) if one.incident != incident.number]
    known = await _known(conn, documents)
    first = sorted(_likes(asked, documents, known, often).items(), key=lambda pair: -pair[1].covered)[:LIKELY]
    likely = [one for one in documents if one.incident in dict(first)]
    titled = {term for one in likely for term in one.title} - asked.weights.keys()
    likes = _likes(asked, likely, known, often.merged(await similar.frequencies(conn, sorted(titled))))
    found = similarity.rank(likes, known)
    sure = [pair for pair in found if pair[1].confidence >= at_least]
    return [await _told(conn, one, like, asked, now) for one, like in sure[:limit]]


async def search(
    conn: AsyncConnection, text: str, user: str | None, now: datetime, limit: int = 10
) -> list[SimilarIncident]:
    """Incidents with these words, the best first; of private ones only those that `user` is part of.

    Without a user, for the operator on the command line, all of them.
    """
    asked = SimilarityQuery(title=_terms(text), words=tokenizer.terms_as_typed(text))
    often = await similar.frequencies(conn, asked.weights)
    documents = await _candidates(conn, asked, often, private=False)
    withheld = await _candidates(conn, asked, often, private=True)
    known = await _known(conn, [*documents, *withheld])
    for document in withheld:
        if user is not None and not await can_see(conn, known[document.incident], user):
            del known[document.incident]
    likes = _likes(asked, [*documents, *withheld], known, often)
    found = [pair for pair in similarity.rank(likes, known) if pair[1].covered >= ENOUGH]
    found.sort(key=lambda pair: (-round(pair[1].covered, 1), -pair[0].number))
    return [await _told(conn, one, like, asked, now) for one, like in found[:limit]]


async def fill(database: Database) -> int:
    """Make findable what is not yet: everything after an update that reads words differently. Returns how many."""
    await _forget_if_outdated(database)
    number = count = 0
    while True:
        async with database.transaction() as conn:
            batch = await similar.unindexed(conn, number, BATCH)
            for number in batch:
                if (incident := await incidents.lock(conn, number)) is not None:
                    await index(conn, incident)
        count += len(batch)
        if len(batch) < BATCH:
            break
        await asyncio.sleep(0.01)  # others write, too
    if count:
        log.info("similar.filled", incidents=count)
    return count


async def _forget_if_outdated(database: Database) -> None:
    made_by = f"{_RECIPE}:{tokenizer.VERSION}"
    async with database.reading() as conn:
        if await key_value.SEARCH_INDEX_VERSION.get(conn) == made_by:
            return
    async with database.transaction() as conn:
        await similar.clear(conn)
        await key_value.SEARCH_INDEX_VERSION.put(conn, made_by)


async def _candidates(
    conn: AsyncConnection, asked: SimilarityQuery, often: Frequencies, *, private: bool
) -> list[SearchDocument]:
    """By the rarest words, as long as these do not stand in too many incidents together."""
    worths = {term: weight * often.weight(term) for term, weight in asked.weights.items() if often.counts.get(term)}
    picked: dict[str, float] = {}
    rows = 0
    for term in sorted(worths, key=lambda term: -worths[term]):
        rows += often.counts[term]
        if picked and rows > LOOKED_AT:
            break
        picked[term] = worths[term]
    return await similar.find(conn, picked, limit=CANDIDATES, private=private)


async def _known(conn: AsyncConnection, documents: Sequence[SearchDocument]) -> dict[int, Incident]:
    return await incidents.get_many(conn, [each.incident for each in documents])


def _likes(
    asked: SimilarityQuery, documents: Sequence[SearchDocument], known: Mapping[int, Incident], often: Frequencies
) -> dict[int, Similarity]:
    return {
        document.incident: similarity.compare(asked, document, known[document.incident], often)
        for document in documents
        if document.incident in known
    }


async def _told(
    conn: AsyncConnection, known: Incident, like: Similarity, asked: SimilarityQuery, now: datetime
) -> SimilarIncident:
    over = known.status is Status.CANCELLED
    cancelled = await timeline.newest_of_kinds(conn, known.number, ["cancelled"]) if over else None
    acts = await timeline.of_kind(conn, known.number, "playbook") if known.walks else []
    return SimilarIncident(
        known,
        like.confidence,
        similarity.reasons(asked, like, known, now),
        similarity.what_fixed(known, cancelled.entry.text if cancelled else ""),
        similarity.fixing_step(known, acts),
    )


def _terms(*texts: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(term for text in texts if text for term in tokenizer.index_terms(text)))


def _found_by(incident: Incident) -> tuple[object, ...]:
    return (
        incident.title, incident.description, incident.services, incident.category,
        incident.summary, incident.root_cause, incident.open, incident.drill,
    )  # fmt: skip
