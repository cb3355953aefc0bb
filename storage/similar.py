"""Stores the words of each incident for search: indexes them, counts how common a word is, and finds the incidents that
share rare words with a query.

A term is data: it reaches a query only as a quoted parameter.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.triage.similarity import FIELDS, Frequencies, SearchDocument
from storage.engine.columns import dumps
from storage.engine.dialect import insert, is_postgresql
from storage.engine.given_rows import GivenRows
from storage.schema import chains, incident_words, timeline

MAX_TERMS = 400  # of one query
MAX_SEARCHED = 12  # terms that incidents are searched by, the most telling ones
_c = incident_words.c
_DUE = sa.text("seq > indexed_seq")  # as in the partial index, word for word
_INDEXED = GivenRows((("incident", sa.BigInteger()), ("read_to", sa.BigInteger()), ("before", sa.BigInteger())))
# A value that it never had, so that a reading under way does not count as having seen the request.
_REQUEST = (
    sa.update(chains)
    .where(chains.c.incident == sa.bindparam("this"))
    .values(indexed_seq=sa.case((chains.c.indexed_seq < 0, chains.c.indexed_seq), else_=0) - 1)
)

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


@dataclass(frozen=True, slots=True)
class DueForIndexing:
    """An incident whose timeline is longer than its indexed part."""

    incident: int
    seq: int  # of its last entry
    indexed_seq: int  # of the last entry that was indexed; 0 or less: none
    changed: bool = True  # whether an entry since then may change the words that it is found by


async def index(conn: AsyncConnection, document: SearchDocument) -> None:
    """Index an incident's words, in place of those indexed before."""
    row = {"incident": document.incident} | {name: " ".join(document.terms_in(name)) for name in FIELDS}
    upsert = insert(conn, incident_words).values(row)
    changed = {name: upsert.excluded[name] for name in FIELDS}
    await conn.execute(upsert.on_conflict_do_update(index_elements=["incident"], set_=changed))


async def clear(conn: AsyncConnection) -> None:
    """Delete the words of every incident from the index, so that each is due for indexing."""
    await conn.execute(sa.delete(incident_words))
    await conn.execute(sa.update(chains).values(indexed_seq=0))


async def due_for_indexing(
    conn: AsyncConnection, limit: int, *, below: int | None = None, unrelated_kinds: Collection[str] = ()
) -> list[DueForIndexing]:
    """Up to `limit` incidents whose timeline has grown since they were indexed, the newest first.

    Only numbers below `below` count, if it is given.
    """
    newer = sa.select(timeline.c.seq).where(
        timeline.c.incident == chains.c.incident,
        timeline.c.seq > chains.c.indexed_seq,
        timeline.c.kind.not_in(sorted(unrelated_kinds)),
    )
    due = sa.select(chains.c.incident, chains.c.seq, chains.c.indexed_seq, newer.exists().label("changed"))
    due = due.where(_DUE).order_by(chains.c.incident.desc()).limit(limit)
    if below is not None:
        due = due.where(chains.c.incident < below)
    return [DueForIndexing(row.incident, row.seq, row.indexed_seq, row.changed) for row in await conn.execute(due)]


async def never_indexed(conn: AsyncConnection, limit: int) -> list[int]:
    """Up to `limit` numbers of incidents that are due for their first indexing, the newest first."""
    numbers = sa.select(chains.c.incident).where(_DUE, chains.c.indexed_seq == 0)
    return list(await conn.scalars(numbers.order_by(chains.c.incident.desc()).limit(limit)))


async def mark_indexed(conn: AsyncConnection, indexed: Sequence[DueForIndexing]) -> list[int]:
    """Record how far these incidents were read. Returns the numbers that no other process has recorded meanwhile."""
    rows = [(due.incident, due.seq, due.indexed_seq) for due in indexed]
    return sorted(await conn.scalars(_mark_indexed(conn.dialect.name), _INDEXED.params(conn, rows)))


@cache
def _mark_indexed(dialect: str) -> Any:
    given_rows = _INDEXED.table(dialect, chains, "incident")
    read_since = sa.and_(chains.c.incident == given_rows.c.incident, chains.c.indexed_seq == given_rows.c.before)
    return sa.update(chains).where(read_since).values(indexed_seq=given_rows.c.read_to).returning(chains.c.incident)


async def request_indexing(conn: AsyncConnection, number: int) -> None:
    """Make an incident due for indexing though its timeline has not grown."""
    await conn.execute(_REQUEST, {"this": number})


async def frequencies(conn: AsyncConnection, terms: Collection[str]) -> Frequencies:
    """The number of indexed incidents, and the number of those that have each term.

    The highest number stands for the first: counting reads the whole table, and a few more or fewer change no weight.
    """
    total = await conn.scalar(sa.select(sa.func.max(_c.incident)))
    usable = _usable(terms)
    if not total or not usable:
        return Frequencies(total or 0, {})
    rows = await conn.execute(_COUNTS[conn.dialect.name], {"terms": usable if is_postgresql(conn) else dumps(usable)})
    return Frequencies(total, {row[0]: row[1] for row in rows})


async def find(
    conn: AsyncConnection, worths: Mapping[str, float], *, limit: int, private: bool = False
) -> list[SearchDocument]:
    """Incidents that have any of the terms, those with the greatest shared worth first.

    With `private` only private incidents are searched, otherwise only the others.
    """
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
    """The terms that consist of letters and digits: any other might be an operator of the full-text query language."""
    return [term for term in dict.fromkeys(terms) if term.isalnum()][:MAX_TERMS]


def _document(row: Sequence[Any]) -> SearchDocument:
    number, *texts = row
    return SearchDocument(number, *(tuple(text.split()) for text in texts))
