"""Reads what the figures of a period are made of: members of the stored incidents, never whole ones."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, datetime
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.incident.fact import IncidentFact
from bot.domain.incident.status import Status
from bot.domain.timeline.entry import BOT
from storage.schema import action_items, incidents, jobs, timeline

_c = incidents.c
_SINCE = sa.bindparam("since", type_=_c.declared_at.type)
_IN_PERIOD = sa.select(_c.number).where(_c.declared_at >= _SINCE)
_PLAIN = ("drill", "category", "services", "episode", "uncounted")
_INSTANTS = (
    "declared_at", "detected_at", "started_at", "acknowledged_at", "identified_at", "mitigated_at", "resolved_at",
    "ended_at", "impact_ended_at",
)  # fmt: skip
_UPDATES = (
    sa.select(timeline.c.incident, timeline.c.at)
    .where(timeline.c.incident.in_(_IN_PERIOD), timeline.c.kind == "update", sa.text("kind <> 'message'"))
    .order_by(timeline.c.incident, timeline.c.at)
)
_PAGES = (
    sa.select(timeline.c.incident, sa.func.count())
    .where(timeline.c.incident.in_(_IN_PERIOD), timeline.c.kind == "page", sa.text("kind <> 'message'"))
    .group_by(timeline.c.incident)
)
_AUTOMATED = (
    sa.select(jobs.c.incident)
    .where(jobs.c.incident.in_(_IN_PERIOD), jobs.c.state == "done", jobs.c.asked_by == BOT, jobs.c.undoes.is_(None))
    .distinct()
)
_ITEMS = sa.select(action_items.c.incident, action_items.c.due, action_items.c.state["status"].as_string()).where(
    action_items.c.incident.in_(_IN_PERIOD)
)


async def rows_since(conn: AsyncConnection, since: datetime) -> Sequence[Any]:
    """A row for each incident declared since then, for `facts_of`. What was detected later was declared later, too."""
    return (await conn.execute(_facts(conn.dialect.name), {"since": since})).all()


def facts_of(rows: Sequence[Any]) -> list[IncidentFact]:
    """The incidents of the rows, without those that figures leave out. Call it in a thread where they are many."""
    return [fact for row in rows if (fact := _fact(*row)) is not None]


async def updates_since(conn: AsyncConnection, since: datetime) -> dict[int, list[datetime]]:
    """When status updates were posted, by incident, in order."""
    posted: dict[int, list[datetime]] = {}
    for number, at in await conn.execute(_UPDATES, {"since": since}):
        posted.setdefault(number, []).append(at)
    return posted


async def pages_since(conn: AsyncConnection, since: datetime) -> dict[int, int]:
    """How many pages were sent, by incident."""
    return {number: count for number, count in await conn.execute(_PAGES, {"since": since})}


async def automated_since(conn: AsyncConnection, since: datetime) -> frozenset[int]:
    """Incidents for which a step of a playbook ran without being asked for by a person, and worked."""
    return frozenset(await conn.scalars(_AUTOMATED, {"since": since}))


async def items_since(conn: AsyncConnection, since: datetime) -> list[tuple[int, date | None, str]]:
    """The incident, due day and status of each action item."""
    rows = await conn.execute(_ITEMS, {"since": since})
    return [(number, date.fromisoformat(due[:10]) if due else None, status) for number, due, status in rows]


@cache
def _facts(dialect: str) -> Any:
    """The members as one JSON array a row, so that the stored text is parsed once."""
    names = (*_PLAIN, *_INSTANTS)
    members: sa.ColumnElement[str]
    if dialect == "postgresql":
        members = sa.cast(sa.func.jsonb_build_array(*(_c.state[name] for name in names)), sa.Text)
    else:
        members = sa.func.json_extract(_c.state, *(f"$.{name}" for name in names), type_=sa.Text)
    return sa.select(_c.number, _c.severity, _c.status, _c.private, members).where(_c.declared_at >= _SINCE)


def _fact(number: int, severity: str, status: str, private: bool, members: str) -> IncidentFact | None:
    drill, category, services, episode, uncounted, declared, detected, *others = json.loads(members)
    if uncounted:
        return None
    return IncidentFact(
        number, severity, Status(status), private, bool(drill), category, tuple(services or ()), episode or 1,
        datetime.fromisoformat(declared), datetime.fromisoformat(detected),
        *(None if each is None else datetime.fromisoformat(each) for each in others),
    )  # fmt: skip
