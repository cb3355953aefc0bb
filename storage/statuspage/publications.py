"""Stores each publication on the status page as one JSON value, with columns beside it to search by.

A counter is raised with every change, so that a page that was rendered knows when it is out of date.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.statuspage import maintenance
from bot.domain.statuspage.publication import Publication
from storage.engine.dialect import insert
from storage.schema import counters, publications

_adapter = TypeAdapter(Publication)
_c = publications.c
_COUNTER = "status_page"
_VERSION = sa.select(counters.c.value).where(counters.c.name == _COUNTER)
_OPEN = sa.text("open")  # as in the partial index, word for word
_DUE = sa.text("due_at IS NOT NULL")
MOST_OPEN = 500


async def version(conn: AsyncConnection) -> int:
    """The number of changes of publications so far."""
    return int(await conn.scalar(_VERSION) or 0)


async def raise_version(conn: AsyncConnection) -> None:
    """Count a change. It keeps other writers of the page waiting until the transaction ends."""
    row = insert(conn, counters).values(name=_COUNTER, value=1)
    await conn.execute(row.on_conflict_do_update(index_elements=["name"], set_={"value": counters.c.value + 1}))


async def save(conn: AsyncConnection, publication: Publication) -> None:
    """Store a publication, new or changed."""
    row = insert(conn, publications).values(
        id=publication.id,
        kind=str(publication.kind),
        open=not publication.ended,
        started_at=publication.started_at,
        ended_at=publication.ended_at,
        incident=publication.incident,
        due_at=maintenance.due_at(publication),
        state=_adapter.dump_python(publication, mode="json"),
    )
    changed = ("open", "started_at", "ended_at", "due_at", "state")
    await conn.execute(
        row.on_conflict_do_update(index_elements=["id"], set_={name: row.excluded[name] for name in changed})
    )
    await raise_version(conn)


async def get(conn: AsyncConnection, publication_id: str) -> Publication | None:
    """The publication with this ID; `None` if there is none."""
    return _one(await conn.scalar(sa.select(_c.state).where(_c.id == publication_id)))


async def get_many(conn: AsyncConnection, ids: Collection[str]) -> dict[str, Publication]:
    """The publications with these IDs."""
    states = await conn.scalars(sa.select(_c.state).where(_c.id.in_(ids)))
    return {publication.id: publication for publication in map(_adapter.validate_python, states)}


async def lock(conn: AsyncConnection, publication_id: str) -> Publication | None:
    """The publication, kept from other writers until the transaction ends."""
    return _one(await conn.scalar(sa.select(_c.state).where(_c.id == publication_id).with_for_update()))


async def of_incident(conn: AsyncConnection, incident: int, limit: int = 20) -> list[Publication]:
    """The publications about an incident: open ones first, then the newest first."""
    query = sa.select(_c.state).where(_c.incident == incident)
    return await _list(conn, query.order_by(_c.open.desc(), _c.started_at.desc()).limit(limit))


async def unresolved(conn: AsyncConnection) -> list[Publication]:
    """Everything that is not over, the newest first."""
    return await _list(conn, sa.select(_c.state).where(_OPEN).order_by(_c.started_at.desc()).limit(MOST_OPEN))


async def due(conn: AsyncConnection, now: datetime) -> bool:
    """Whether something is to change by itself."""
    return await conn.scalar(sa.select(_c.id).where(_DUE, _c.due_at <= now).limit(1)) is not None


async def lock_due(conn: AsyncConnection, now: datetime) -> Publication | None:
    """The next publication that is to change by itself and that no other process holds; `None` if there is none."""
    query = sa.select(_c.state).where(_DUE, _c.due_at <= now).order_by(_c.due_at, _c.id).limit(1)
    return _one(await conn.scalar(query.with_for_update(skip_locked=True)))


async def ended_since(conn: AsyncConnection, since: datetime, limit: int) -> list[Publication]:
    """Up to `limit` publications that ended after `since`, the last ended first."""
    query = sa.select(_c.state).where(_c.ended_at > since).order_by(_c.ended_at.desc())
    return await _list(conn, query.limit(limit))


async def before(conn: AsyncConnection, started: datetime, limit: int) -> list[Publication]:
    """Up to `limit` publications that started before an instant, the newest first."""
    query = sa.select(_c.state).where(_c.started_at < started).order_by(_c.started_at.desc(), _c.id)
    return await _list(conn, query.limit(limit))


async def page(conn: AsyncConnection, kind: str | None, before: datetime | None, limit: int) -> list[Publication]:
    """The last publications to start before an instant, the newest first: `limit`, and what started with the last."""
    matching = [_c.kind == kind] if kind is not None else []
    older = [*matching, _c.started_at < before] if before is not None else matching
    order = (_c.started_at.desc(), _c.id)
    newest = await _list(conn, sa.select(_c.state).where(*older).order_by(*order).limit(limit))
    if len(newest) < limit:
        return newest
    last = newest[-1]
    tied = sa.select(_c.state).where(*matching, _c.started_at == last.started_at, _c.id > last.id)
    return [*newest, *await _list(conn, tied.order_by(_c.id).limit(MOST_OPEN))]


async def earliest_start(conn: AsyncConnection) -> datetime | None:
    """When the first publication started."""
    moment: datetime | None = await conn.scalar(sa.select(sa.func.min(_c.started_at)))
    return moment


async def _list(conn: AsyncConnection, statement: Any) -> list[Publication]:
    return [_adapter.validate_python(state) for state in await conn.scalars(statement)]


def _one(state: Any) -> Publication | None:
    return None if state is None else _adapter.validate_python(state)
