"""Incidents: the whole value as JSON, and beside it the columns that are searched by."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa
from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.incident import Incident
from storage.engine.columns import to_microseconds
from storage.engine.dialect import in_list, is_postgresql, list_param
from storage.schema import counters, incidents

_adapter = TypeAdapter(Incident)
_COUNT = (
    sa.update(counters)
    .where(counters.c.name == "incident")
    .values(value=counters.c.value + 1)
    .returning(counters.c.value)
)
# Made once: to make a statement, and the key it is known by, takes longer than to run it.
_GET = sa.select(incidents.c.state).where(incidents.c.number == sa.bindparam("this"))
# NO KEY UPDATE: keeps writers out, but not the foreign keys that point here.
_LOCK = _GET.with_for_update(key_share=True)
_HOLD_ALL = (
    sa.select(incidents.c.number)
    .where(in_list("postgresql", incidents.c.number, "numbers"))
    .order_by(incidents.c.number)
    .with_for_update(key_share=True)
)
_INSERT = sa.insert(incidents)
_SAVE = sa.update(incidents).where(incidents.c.number == sa.bindparam("this"))


@cache
def _lock_free(dialect: str) -> Any:
    return _several(dialect).order_by(incidents.c.number).with_for_update(key_share=True, skip_locked=True)


async def next_number(conn: AsyncConnection) -> int:
    """Counted in the order of commits and without gaps: whoever declares next waits for this transaction."""
    return int((await conn.execute(_COUNT)).scalar_one())


async def insert(conn: AsyncConnection, incident: Incident) -> None:
    await conn.execute(_INSERT, _row(incident))


async def save(conn: AsyncConnection, incident: Incident) -> None:
    """Over what is stored; call `lock` first. Raises `LookupError` when there is no such incident."""
    done = await conn.execute(_SAVE, _saved(incident))
    if done.rowcount == 0:
        raise LookupError(f"{incident.id} is not stored")


async def lock(conn: AsyncConnection, number: int) -> Incident | None:
    """The incident, kept from every other writer until the transaction ends."""
    return _incident(await conn.scalar(_LOCK, {"this": number}))


async def lock_unlocked(conn: AsyncConnection, numbers: Sequence[int]) -> list[Incident]:
    """Those of these incidents that nobody else holds now, kept as by `lock`, in the order of their numbers.

    Before anything else in a transaction: whoever holds something and waits for several may wait for ever.
    """
    found = await conn.scalars(_lock_free(conn.dialect.name), {"numbers": list_param(conn, numbers)})
    return [_adapter.validate_python(state) for state in found]


async def lock_without_reading(conn: AsyncConnection, number: int) -> None:
    """`hold_all` of one."""
    await lock_many_without_reading(conn, [number])


async def save_all(conn: AsyncConnection, changed: Sequence[Incident]) -> None:
    """Over what is stored; they are locked."""
    if changed:
        await conn.execute(_SAVE, [_saved(incident) for incident in changed])


async def lock_many_without_reading(conn: AsyncConnection, numbers: Sequence[int]) -> None:
    """Keep them from every other writer as `lock` does, without reading them, in the order of their numbers.

    Before anything else in a transaction. SQLite has one writer anyway.
    """
    if is_postgresql(conn) and numbers:
        await conn.execute(_HOLD_ALL, {"numbers": list_param(conn, numbers)})


async def get(conn: AsyncConnection, number: int) -> Incident | None:
    return _incident(await conn.scalar(_GET, {"this": number}))


async def several(conn: AsyncConnection, numbers: Collection[int]) -> dict[int, Incident]:
    """Those of these numbers that there are."""
    if not numbers:
        return {}
    found = await conn.scalars(_several(conn.dialect.name), {"numbers": list_param(conn, numbers)})
    return {one.number: one for one in map(_adapter.validate_python, found)}


@cache
def _several(dialect: str) -> Any:
    return sa.select(incidents.c.state).where(in_list(dialect, incidents.c.number, "numbers"))


async def by_channel(conn: AsyncConnection, channel_id: str) -> int | None:
    """The newest incident of this channel."""
    # Not max() in the query: PostgreSQL may answer that by walking down all numbers.
    found = await conn.scalars(sa.select(incidents.c.number).where(incidents.c.channel_id == channel_id))
    return max(found, default=None)


async def listing(
    conn: AsyncConnection,
    *,
    open_only: bool = False,
    severity: str | None = None,
    limit: int = 100,
    private: bool = True,
) -> list[Incident]:
    """Newest first; `private=False` leaves private ones out."""
    wanted = sa.select(incidents.c.state).order_by(incidents.c.number.desc()).limit(limit)
    if open_only:
        wanted = wanted.where(sa.text("open"))  # as in the partial index, word for word
    if severity is not None:
        wanted = wanted.where(incidents.c.severity == severity)
    if not private:
        wanted = wanted.where(incidents.c.private.is_(sa.false()))
    return [_adapter.validate_python(state) for state in await conn.scalars(wanted)]


async def open_or_ended_after(conn: AsyncConnection, instant: datetime, limit: int) -> list[int]:
    """Numbers: open ones first, newest first. Two questions, since no index answers both in one."""
    i = incidents.c
    running = sa.select(i.number).where(sa.text("open")).order_by(i.number.desc()).limit(limit)
    ended = sa.select(i.number).where(i.ended_at >= instant).order_by(i.ended_at.desc()).limit(limit)
    found = list(await conn.scalars(running))
    return [*found, *sorted(set(await conn.scalars(ended)).difference(found), reverse=True)][:limit]


def _incident(state: Any) -> Incident | None:
    return None if state is None else _adapter.validate_python(state)


def _saved(incident: Incident) -> dict[str, Any]:
    row = _row(incident)
    row["this"] = row.pop("number")
    return row


def _row(incident: Incident) -> dict[str, Any]:
    for instant in (incident.detected_at, incident.ladder.started_at, incident.update_due_at, incident.roles_due_at):
        if instant is not None:
            to_microseconds(instant)  # refuses one without a zone, which JSON would let pass
    return {
        "number": incident.number,
        "status": str(incident.status),
        "severity": incident.severity,
        "open": incident.open,
        "private": incident.private,
        "channel_id": incident.channel_id,
        "declared_at": incident.declared_at,
        "ended_at": incident.ended_at,
        "state": _adapter.dump_python(incident, mode="json"),
    }
