"""Full-text search over incidents: index their words, count how common a term is, and find those that share rare terms.

A term is data: it reaches a query only as a quoted parameter.
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

MAX_TERMS = 400  # of one query
MAX_SEARCHED = 12  # terms that incidents are searched by, the most telling ones
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
_FIND = {
    "postgresql": (  # the words first, whatever the planner estimates for the number of private incidents
        "WITH w AS MATERIALIZED (SELECT * FROM incident_words WHERE words @@ (:query)) "
        "SELECT w.incident, w.title, w.services, w.fix, w.body FROM w JOIN incidents AS i ON i.number = w.incident "
        "WHERE i.private = :private ORDER BY (SELECT sum(t.worth) FROM "
        "unnest(CAST(:terms AS text[]), CAST(:worths AS float8[])) AS t(term, worth) "
        "WHERE w.words @@ plainto_tsquery('simple', t.term)) DESC, w.incident DESC LIMIT :limit"
    ),
    "sqlite": (
        "SELECT w.incident, w.title, w.services, w.fix, w.body "
        "FROM incident_index AS x JOIN incident_words AS w ON w.incident = x.rowid "
        "JOIN incidents AS i ON i.number = x.rowid WHERE incident_index MATCH :query AND i.private = :private "
        "ORDER BY bm25(incident_index, 4.0, 2.0, 2.0, 1.0), x.rowid DESC LIMIT :limit"
    ),
}


async def index(conn: AsyncConnection, document: SearchDocument) -> None:
    """Index an incident's words, in place of those indexed before."""
    row = {"incident": document.incident} | {name: " ".join(document.terms_in(name)) for name in FIELDS}
    upsert = insert(conn, incident_words).values(row)
    changed = {name: upsert.excluded[name] for name in FIELDS}
    await conn.execute(upsert.on_conflict_do_update(index_elements=["incident"], set_=changed))


async def clear(conn: AsyncConnection) -> None:
    """Delete the words of every incident from the index."""
    await conn.execute(sa.delete(incident_words))


async def unindexed(conn: AsyncConnection, after: int, limit: int) -> list[int]:
    """Up to `limit` numbers above `after` of incidents that are not in the index, in ascending order."""
    beside = incidents.outerjoin(incident_words, _c.incident == incidents.c.number)
    numbers = sa.select(incidents.c.number).select_from(beside)
    numbers = numbers.where(_c.incident.is_(None), incidents.c.number > after)
    return list(await conn.scalars(numbers.order_by(incidents.c.number).limit(limit)))


async def frequencies(conn: AsyncConnection, terms: Collection[str]) -> Frequencies:
    """The number of indexed incidents, and the number of those that have each term."""
    total = await conn.scalar(sa.select(sa.func.count()).select_from(incident_words))
    usable = _usable(terms)
    if not total or not usable:
        return Frequencies(total or 0, {})
    rows = await conn.execute(_COUNTS[conn.dialect.name], {"terms": usable if is_postgresql(conn) else dumps(usable)})
    return Frequencies(total, {row[0]: row[1] for row in rows})


async def find(
    conn: AsyncConnection, worths: Mapping[str, float], *, limit: int, private: bool = False
) -> list[SearchDocument]:
    """Incidents that have any of the terms, the greatest shared worth first: the private ones, or all others."""
    terms = [term for term in sorted(worths, key=lambda term: -worths[term]) if _usable([term])][:MAX_SEARCHED]
    if not terms:
        return []
    values: dict[str, Any] = {"private": private, "limit": limit}
    if is_postgresql(conn):
        query = " || ".join(f"plainto_tsquery('simple', :t{i})" for i in range(len(terms)))
        values |= {f"t{i}": term for i, term in enumerate(terms)}
        values |= {"terms": terms, "worths": [float(worths[term]) for term in terms]}
        statement = _FIND["postgresql"].replace(":query", query)
    else:
        values["query"] = " OR ".join(f'"{term}"' for term in terms)
        statement = _FIND["sqlite"]
    return [_document(row) for row in await conn.execute(sa.text(statement), values)]


def _usable(terms: Collection[str]) -> list[str]:
    """Terms of letters and digits only: anything else might be an operator of the full-text query language."""
    return [term for term in dict.fromkeys(terms) if term.isalnum()][:MAX_TERMS]


def _document(row: Sequence[Any]) -> SearchDocument:
    number, *texts = row
    return SearchDocument(number, *(tuple(text.split()) for text in texts))
