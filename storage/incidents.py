"""Stores each incident as one JSON value, with columns beside it to search by."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa
from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.incident import Incident
from storage.engine.columns import dumps, to_microseconds
from storage.engine.dialect import in_list, is_postgresql, list_param
from storage.schema import counters, incidents, timeline

ADAPTER = TypeAdapter(Incident)  # built once, for it takes ten milliseconds
_c = incidents.c
# As text, from which the adapter makes an incident in half the time that it takes from a parsed value.
STATE = sa.cast(_c.state, sa.Text)
# Statements are built once: building one, and the key SQLAlchemy caches it by, takes longer than running it.
_NEXT_NUMBER = (
    sa.update(counters)
    .where(counters.c.name == "incident")
    .values(value=counters.c.value + 1)
    .returning(counters.c.value)
)
_LAST_NUMBER = sa.select(counters.c.value).where(counters.c.name == "incident")
_GET = sa.select(STATE).where(_c.number == sa.bindparam("this"))
_LOCK = _GET.with_for_update(key_share=True)  # NO KEY UPDATE: blocks writers, but not inserts that refer to the row
_LOCK_MANY = (
    sa.select(_c.number)
    .where(in_list("postgresql", _c.number, "numbers"))
    .order_by(_c.number)
    .with_for_update(key_share=True)
)
_INSERT = sa.insert(incidents)
_SAVE = sa.update(incidents).where(_c.number == sa.bindparam("this"))
_OPEN = sa.text("open")  # as in the partial index, word for word
_PRIVATE = sa.text("private")  # the same
MOST_COUNTED = 1000  # counting all of a long history would take longer than answering


async def next_number(conn: AsyncConnection) -> int:
    """The number of a new incident. Numbers follow the order of commits, without gaps: the next caller waits for it."""
    return int((await conn.execute(_NEXT_NUMBER)).scalar_one())


async def last_number(conn: AsyncConnection) -> int:
    """The number of the latest incident; 0 if there was none."""
    return int((await conn.execute(_LAST_NUMBER)).scalar_one())


async def skip_numbers(conn: AsyncConnection, up_to: int) -> None:
    """Skip all numbers up to and including this one. Never moves the counter back."""
    behind = (counters.c.name == "incident") & (counters.c.value < up_to)
    await conn.execute(sa.update(counters).where(behind).values(value=up_to))


async def insert(conn: AsyncConnection, incident: Incident) -> None:
    """Store a new incident."""
    await conn.execute(_INSERT, columns(incident))


async def save(conn: AsyncConnection, incident: Incident) -> None:
    """Store an incident in place of its earlier state; lock it first. Raises `LookupError` if it is not stored."""
    saved = await conn.execute(_SAVE, _update_values(incident))
    if saved.rowcount == 0:
        raise LookupError(f"{incident.id} is not stored")


async def save_many(conn: AsyncConnection, changed: Sequence[Incident]) -> None:
    """Store several incidents in place of their earlier states; lock them first."""
    if changed:
        await conn.execute(_SAVE, [_update_values(incident) for incident in changed])


async def lock(conn: AsyncConnection, number: int) -> Incident | None:
    """The incident, locked against other writers until the transaction ends; `None` if there is none."""
    return _incident(await conn.scalar(_LOCK, {"this": number}))


async def lock_unlocked(conn: AsyncConnection, numbers: Sequence[int]) -> list[Incident]:
    """Lock those of the incidents that no other transaction has locked, and return them in the order of their numbers.

    Call it first in a transaction: holding one lock while waiting for several can deadlock.
    """
    states = await conn.scalars(_lock_unlocked(conn.dialect.name), {"numbers": list_param(conn, numbers)})
    return [ADAPTER.validate_json(state) for state in states]


@cache
def _lock_unlocked(dialect: str) -> Any:
    return _get_many(dialect).order_by(_c.number).with_for_update(key_share=True, skip_locked=True)


async def lock_without_reading(conn: AsyncConnection, number: int) -> None:
    """Do what `lock_many_without_reading` does, for one incident."""
    await lock_many_without_reading(conn, [number])


async def lock_many_without_reading(conn: AsyncConnection, numbers: Sequence[int]) -> None:
    """Lock incidents as `lock` does, in the order of their numbers. Does nothing on SQLite, which has one writer.

    Call it first in a transaction: holding one lock while waiting for several can deadlock.
    """
    if is_postgresql(conn) and numbers:
        await conn.execute(_LOCK_MANY, {"numbers": list_param(conn, numbers)})


async def get(conn: AsyncConnection, number: int) -> Incident | None:
    """The incident; `None` if there is none with this number."""
    return _incident(await conn.scalar(_GET, {"this": number}))


async def get_many(conn: AsyncConnection, numbers: Collection[int]) -> dict[int, Incident]:
    """The incidents with these numbers, as far as they exist."""
    if not numbers:
        return {}
    states = await conn.scalars(_get_many(conn.dialect.name), {"numbers": list_param(conn, numbers)})
    return {incident.number: incident for incident in map(ADAPTER.validate_json, states)}


@cache
def _get_many(dialect: str) -> Any:
    return sa.select(STATE).where(in_list(dialect, _c.number, "numbers"))


async def private_among(conn: AsyncConnection, numbers: Collection[int]) -> list[Incident]:
    """Those of the incidents with these numbers that are private. The others are not read."""
    if not numbers:
        return []
    states = await conn.scalars(_private_among(conn.dialect.name), {"numbers": list_param(conn, numbers)})
    return [ADAPTER.validate_json(state) for state in states]


@cache
def _private_among(dialect: str) -> Any:
    return _get_many(dialect).where(_c.private.is_(sa.true()))


async def number_of_channel(conn: AsyncConnection, channel_id: str) -> int | None:
    """The number of the newest incident of a channel; `None` if no incident has this channel."""
    # Without max() in the query, which PostgreSQL may answer by walking down all numbers.
    numbers = await conn.scalars(sa.select(_c.number).where(_c.channel_id == channel_id))
    return max(numbers, default=None)


async def newest(
    conn: AsyncConnection,
    *,
    open_only: bool = False,
    severity: str | None = None,
    limit: int = 100,
    private: bool = True,
) -> list[Incident]:
    """Up to `limit` incidents, the newest first; without private ones if `private` is false."""
    states = sa.select(STATE).order_by(_c.number.desc()).limit(limit)
    if open_only:
        states = states.where(_OPEN)
    if severity is not None:
        states = states.where(_c.severity == severity)
    if not private:
        states = states.where(_c.private.is_(sa.false()))
    return [ADAPTER.validate_json(state) for state in await conn.scalars(states)]


@dataclass(frozen=True, slots=True)
class IncidentFilter:
    """Which incidents to find."""

    open_only: bool = False
    severities: frozenset[str] = frozenset()  # empty: all
    private: bool | None = None  # None: both
    at_least: int | None = None  # only incidents with this number or a higher one
    naming: frozenset[str] = frozenset()  # texts of which the incident has one, such as a person's ID; empty: any
    declared_since: datetime | None = None
    concerning: str | None = None  # a person whom the incident names, or who joined its channel


@dataclass(frozen=True, slots=True)
class IncidentCount:
    """The number of matching incidents."""

    incidents: int  # without drills
    drills: int
    is_all: bool = True  # whether there are no more than were counted


async def find(
    conn: AsyncConnection, selection: IncidentFilter, worst_first: Sequence[str], limit: int
) -> list[Incident]:
    """Up to `limit` incidents by the order of severities in `worst_first`, then the newest first."""
    ranks = {key: rank for rank, key in enumerate(worst_first)}
    rank = [sa.case(ranks, value=_c.severity, else_=len(ranks))] if ranks else []
    states = sa.select(STATE).where(*_conditions(selection)).order_by(*rank, _c.number.desc()).limit(limit)
    return [ADAPTER.validate_json(state) for state in await conn.scalars(states)]


async def count(conn: AsyncConnection, selection: IncidentFilter) -> IncidentCount:
    """Count the matching incidents, of which at most the newest `MOST_COUNTED`."""
    drill = sa.case((_c.state["drill"].as_boolean(), 1), else_=0).label("drill")
    matching = sa.select(drill).where(*_conditions(selection)).order_by(_c.number.desc()).limit(MOST_COUNTED + 1)
    drills = list(await conn.scalars(matching))
    is_all, drills = len(drills) <= MOST_COUNTED, drills[:MOST_COUNTED]
    return IncidentCount(len(drills) - sum(drills), sum(drills), is_all)


def _conditions(selection: IncidentFilter) -> list[Any]:
    conditions: list[Any] = []
    if selection.open_only:
        conditions.append(_OPEN)
    if selection.severities:
        conditions.append(_c.severity.in_(sorted(selection.severities)))
    if selection.declared_since is not None:
        conditions.append(_c.declared_at >= selection.declared_since)
    if selection.private is not None:
        conditions.append(_PRIVATE if selection.private else _c.private.is_(sa.false()))
    if selection.at_least is not None:
        conditions.append(_c.number >= selection.at_least)
    if selection.naming:
        conditions.append(sa.or_(*(_names(text) for text in sorted(selection.naming))))
    if selection.concerning is not None:
        joined = sa.exists().where(
            timeline.c.incident == _c.number,
            timeline.c.kind == "joined",
            sa.text("kind <> 'message'"),
            timeline.c.actor == selection.concerning,
        )
        conditions.append(sa.or_(_names(selection.concerning), joined))
    return conditions


def _names(text: str) -> sa.ColumnElement[bool]:
    """Whether a text stands by itself anywhere in the stored incident."""
    return STATE.icontains(dumps(text), autoescape=True)


async def open_or_ended_after(conn: AsyncConnection, instant: datetime, limit: int) -> list[int]:
    """Up to `limit` numbers: open incidents, then those that ended later, each newest first.

    Two queries, since no index answers both in one.
    """
    is_open = sa.select(_c.number).where(_OPEN).order_by(_c.number.desc()).limit(limit)
    ended = sa.select(_c.number).where(_c.ended_at >= instant).order_by(_c.ended_at.desc()).limit(limit)
    numbers = list(await conn.scalars(is_open))
    return [*numbers, *sorted(set(await conn.scalars(ended)).difference(numbers), reverse=True)][:limit]


def _incident(state: Any) -> Incident | None:
    return None if state is None else ADAPTER.validate_json(state)


def _update_values(incident: Incident) -> dict[str, Any]:
    row = columns(incident)
    row["this"] = row.pop("number")
    return row


def columns(incident: Incident) -> dict[str, Any]:
    """The values of the columns that an incident is stored in."""
    for instant in (incident.detected_at, incident.ladder.started_at, incident.update_due_at, incident.roles_due_at):
        if instant is not None:
            to_microseconds(instant)  # raises for one without a time zone, which JSON would let pass
    return {
        "number": incident.number,
        "status": str(incident.status),
        "severity": incident.severity,
        "open": incident.open,
        "private": incident.private,
        "channel_id": incident.channel_id,
        "declared_at": incident.declared_at,
        "ended_at": incident.ended_at,
        "state": ADAPTER.dump_python(incident, mode="json"),
    }
