"""Full text over incidents: what each is found by, how common a term is, and which ones share rare terms.

A term is data: it never stands in a query but as a parameter, quoted.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.triage.similarity import FIELDS, Frequencies, SearchDocument
from storage.engine.columns import dumps
from storage.engine.dialect import insert, is_postgresql
from storage.schema import incident_words, incidents

TERMS = 400  # of one question
PICKED = 12  # terms that look for incidents
_c = incident_words.c

_COUNTS = {
    "postgresql": sa.text(
        "SELECT t.term, (SELECT count(*) FROM incident_words WHERE words @@ plainto_tsquery('simple', t.term)) "
        "FROM unnest(CAST(:terms AS text[])) AS t(term)"
    ),
    "sqlite": sa.text(
        "SELECT t.value, (SELECT count(*) FROM incident_index WHERE incident_index MATCH '\"' || t.value || '\"') "
        "FROM json_each(:terms) AS t"
    ),
}
_FOUND = {
    "postgresql": (  # by the words first, whatever the planner thinks of how many incidents are private
        "WITH w AS MATERIALIZED (SELECT * FROM incident_words WHERE words @@ (:asked)) "
        "SELECT w.incident, w.title, w.services, w.fix, w.body FROM w JOIN incidents AS i ON i.number = w.incident "
        "WHERE i.private = :private ORDER BY (SELECT sum(t.worth) FROM "
        "unnest(CAST(:terms AS text[]), CAST(:worths AS float8[])) AS t(term, worth) "
        "WHERE w.words @@ plainto_tsquery('simple', t.term)) DESC, w.incident DESC LIMIT :limit"
    ),
    "sqlite": (
        "SELECT w.incident, w.title, w.services, w.fix, w.body "
        "FROM incident_index AS x JOIN incident_words AS w ON w.incident = x.rowid "
        "JOIN incidents AS i ON i.number = x.rowid WHERE incident_index MATCH :asked AND i.private = :private "
        "ORDER BY bm25(incident_index, 4.0, 2.0, 2.0, 1.0), x.rowid DESC LIMIT :limit"
    ),
}


async def put(conn: AsyncConnection, document: SearchDocument) -> None:
    """In place of what was known of the incident before."""
    row = {"incident": document.incident} | {name: " ".join(document.terms_in(name)) for name in FIELDS}
    into = insert(conn, incident_words).values(row)
    changed = {name: into.excluded[name] for name in FIELDS}
    await conn.execute(into.on_conflict_do_update(index_elements=["incident"], set_=changed))


async def clear(conn: AsyncConnection) -> None:
    await conn.execute(sa.delete(incident_words))


async def missing(conn: AsyncConnection, after: int, limit: int) -> list[int]:
    """Numbers above `after` of incidents that nothing is known of here, in their order."""
    beside = incidents.outerjoin(incident_words, _c.incident == incidents.c.number)
    wanted = sa.select(incidents.c.number).select_from(beside).where(_c.incident.is_(None), incidents.c.number > after)
    return list(await conn.scalars(wanted.order_by(incidents.c.number).limit(limit)))


async def frequencies(conn: AsyncConnection, terms: Collection[str]) -> Frequencies:
    """How many incidents there are, and how many have each term."""
    total = await conn.scalar(sa.select(sa.func.count()).select_from(incident_words))
    asked = _usable(terms)
    if not total or not asked:
        return Frequencies(total or 0, {})
    given = asked if is_postgresql(conn) else dumps(asked)
    rows = await conn.execute(_COUNTS[conn.dialect.name], {"terms": given})
    return Frequencies(total, {row[0]: row[1] for row in rows})


async def find(
    conn: AsyncConnection, worths: Mapping[str, float], *, limit: int, private: bool = False
) -> list[SearchDocument]:
    """Incidents with any of the terms, those that share the most worth first; private ones only if asked for."""
    picked = [term for term in sorted(worths, key=lambda term: -worths[term]) if _usable([term])][:PICKED]
    if not picked:
        return []
    values: dict[str, Any] = {"private": private, "limit": limit}
    if is_postgresql(conn):
        asked = " || ".join(f"plainto_tsquery('simple', :t{i})" for i in range(len(picked)))
        values |= {f"t{i}": term for i, term in enumerate(picked)}
        values |= {"terms": picked, "worths": [float(worths[term]) for term in picked]}
        statement = _FOUND["postgresql"].replace(":asked", asked)
    else:
        values["asked"] = " OR ".join(f'"{term}"' for term in picked)
        statement = _FOUND["sqlite"]
    return [_document(row) for row in await conn.execute(sa.text(statement), values)]


def _usable(terms: Collection[str]) -> list[str]:
    """Letters and digits only: what anything else would mean to a full-text query is not ours to find out."""
    return [term for term in dict.fromkeys(terms) if term.isalnum()][:TERMS]


def _document(row: Sequence[Any]) -> SearchDocument:
    number, *texts = row
    return SearchDocument(number, *(tuple(text.split()) for text in texts))
