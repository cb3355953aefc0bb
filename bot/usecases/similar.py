"""Similar incidents: kept findable with every change, and looked for by what is known or by what somebody types."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain import similarity
from bot.domain.incident import Incident
from bot.domain.similarity import Asked, Document, Similar
from bot.domain.timeline import Entry, Recorded
from bot.usecases.access import part_of
from playbooks import words
from storage import incidents, meta, similar, timeline
from storage.database import Database

TOLD = frozenset({"update", "note", "status", "cancelled", "alert", "message"})  # `message`: one that was pinned
ENTRIES = 300
BODY = 1500  # terms
CANDIDATES = 40
DESCRIBED = 60  # terms of a description that others are looked for by
BATCH = 20
ENOUGH = 0.25  # of what was typed, weighed: what has less of it is not what was looked for
_MADE_BY = "incident_words"
_RECIPE = 1  # counts changes of `document`


def document(incident: Incident, entries: Sequence[Entry] = ()) -> Document:
    """What it is found by. A drill is found by nothing."""
    if incident.drill:
        return Document(incident.number)
    told = [str(one.data.get("note") or "") if one.kind == "status" else one.text for one in entries]
    return Document(
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
    await similar.put(conn, document(incident, told))


async def follow(conn: AsyncConnection, before: Incident, after: Incident, recorded: Sequence[Recorded]) -> None:
    """After a change, where that changed what it is found by. What was pinned meanwhile is taken in on the way."""
    if _found_by(before) != _found_by(after) or any(r.entry.kind in TOLD for r in recorded):
        await index(conn, after)


async def declared(conn: AsyncConnection, incident: Incident) -> None:
    await similar.put(conn, document(incident))


def asked_of(incident: Incident) -> Asked:
    said = words.spoken(f"{incident.title} \n {incident.description}")
    return Asked(
        title=_terms(incident.title),
        description=_terms(incident.description)[:DESCRIBED],
        services=incident.services,
        category=incident.category,
        words=said,
    )


async def to(
    conn: AsyncConnection, incident: Incident, now: datetime, limit: int = 3, at_least: float = similarity.OFFERED
) -> list[Similar]:
    """Past and open incidents that are probably the same trouble, the surest first. Private ones never are among them:
    whoever reads this may not know of them.
    """
    asked = asked_of(incident)
    found = await _found(conn, asked, private=False, but=incident.number)
    sure = [pair for pair in found if pair[1].confidence >= at_least]
    return [await _told(conn, one, like, asked, now) for one, like in sure[:limit]]


async def search(conn: AsyncConnection, text: str, user: str | None, now: datetime, limit: int = 10) -> list[Similar]:
    """Incidents with these words, the best first; of private ones only those that `user` is part of.

    Without a user, for the operator on the command line, all of them.
    """
    asked = Asked(title=_terms(text), words=words.spoken(text))
    found = await _found(conn, asked, private=False)
    for one, like in await _found(conn, asked, private=True):
        if user is None or await part_of(conn, one, user):
            found.append((one, like))
    found = [pair for pair in found if pair[1].covered >= ENOUGH]
    found.sort(key=lambda pair: (-round(pair[1].covered, 1), -pair[0].number))
    return [await _told(conn, one, like, asked, now) for one, like in found[:limit]]


async def fill(database: Database) -> int:
    """Make findable what is not yet: everything after an update that reads words differently. Returns how many."""
    await _forget_if_outdated(database)
    number = count = 0
    while True:
        async with database.transaction() as conn:
            batch = await similar.missing(conn, number, BATCH)
            for number in batch:
                if (incident := await incidents.lock(conn, number)) is not None:
                    await index(conn, incident)
        count += len(batch)
        if len(batch) < BATCH:
            return count
        await asyncio.sleep(0.01)  # others write, too


async def _forget_if_outdated(database: Database) -> None:
    made_by = f"{_RECIPE}:{words.VERSION}"
    async with database.reading() as conn:
        if await meta.get(conn, _MADE_BY) == made_by:
            return
    async with database.transaction() as conn:
        await similar.clear(conn)
        await meta.put(conn, _MADE_BY, made_by)


async def _found(
    conn: AsyncConnection, asked: Asked, *, private: bool, but: int | None = None
) -> list[tuple[Incident, similarity.Likeness]]:
    weights = asked.weights
    often = await similar.frequencies(conn, weights)
    worths = {term: weight * often.worth(term) for term, weight in weights.items() if often.of.get(term)}
    documents = await similar.find(conn, worths, limit=CANDIDATES, private=private)
    titled = {term for document in documents for term in document.title} - weights.keys()
    often = often.beside(await similar.frequencies(conn, sorted(titled)))
    known = {one.number: one for one in await incidents.several(conn, [d.incident for d in documents])}
    likes = {
        document.incident: similarity.likeness(asked, document, known[document.incident], often)
        for document in documents
        if document.incident in known and document.incident != but
    }
    return similarity.ranked(likes, known)


async def _told(
    conn: AsyncConnection, known: Incident, like: similarity.Likeness, asked: Asked, now: datetime
) -> Similar:
    cancelled = await timeline.last_of(conn, known.number, ["cancelled"])
    acts = await timeline.of_kind(conn, known.number, "playbook")
    return Similar(
        known,
        like.confidence,
        similarity.reasons(asked, like, known, now),
        similarity.what_fixed(known, cancelled.entry.text if cancelled else ""),
        similarity.fixing_step(known, acts),
    )


def _terms(*texts: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(term for text in texts if text for term in words.spoken(text)))


def _found_by(incident: Incident) -> tuple[object, ...]:
    return (
        incident.title, incident.description, incident.services, incident.category,
        incident.summary, incident.root_cause, incident.open, incident.drill,
    )  # fmt: skip
