"""Reads the input of the figures of a period: members of the stored incidents, never whole incidents."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.incident.fact import IncidentFact
from bot.domain.incident.status import Status
from bot.domain.timeline.entry import BOT
from storage.schema import action_items, incidents, jobs, timeline
from storage.schema.incidents import FIGURE_MEMBERS, FIGURE_MEMBERS_SQL

_c = incidents.c
_SINCE = sa.bindparam("since", type_=_c.declared_at.type)
_IN_PERIOD = sa.select(_c.number).where(_c.declared_at >= _SINCE)
_STATUSES = {str(status): status for status in Status}
_instant = datetime.fromisoformat
_TOGETHER = 512  # incidents in a text: it is parsed at one go, while nothing else runs
_UNCOUNTED = FIGURE_MEMBERS.index("uncounted")
# From the index alone: extracting the members of ten thousand incidents takes fifteen times as long. The subquery's
# LIMIT keeps SQLite from moving the expression out of it, where it is computed again.
_FACTS_OF_INDEX = f"""
SELECT group_concat(members, ',') FROM (
    SELECT number, {FIGURE_MEMBERS_SQL} AS members FROM incidents INDEXED BY incidents_figures
    WHERE declared_at >= :since LIMIT -1
) GROUP BY number / {_TOGETHER}
"""  # noqa: S608 - of constants alone
# The state is unpacked once for all members, not once for each: `||` with nothing gives it unpacked, and each OFFSET
# keeps PostgreSQL from merging the subqueries. It then sorts the short texts in memory, not the whole states on disk.
_FACTS_OF_STATE = f"""
SELECT string_agg(members, ',') FROM (
    SELECT number, CAST(jsonb_build_array({", ".join(f"unpacked -> '{name}'" for name in FIGURE_MEMBERS)}) AS text)
        AS members
    FROM (
        SELECT number, state || CAST('{{}}' AS jsonb) AS unpacked FROM incidents WHERE declared_at >= :since OFFSET 0
    ) AS states OFFSET 0
) AS facts GROUP BY number / {_TOGETHER}
"""  # noqa: S608 - of constants alone
_UPDATE = (timeline.c.kind == "update", sa.text("kind <> 'message'"))
_POSTED = (
    sa.select(timeline.c.incident, sa.func.count())
    .where(timeline.c.incident.in_(_IN_PERIOD), *_UPDATE)
    .group_by(timeline.c.incident)
)
_GAPS = (
    sa.select(
        timeline.c.incident,
        timeline.c.at,
        sa.func.lag(timeline.c.at).over(partition_by=timeline.c.incident, order_by=timeline.c.at).label("before"),
    )
    .where(timeline.c.incident.in_(_IN_PERIOD), *_UPDATE)
    .subquery()
)
_GAP = sa.type_coerce(_GAPS.c.at, sa.BigInteger) - sa.type_coerce(
    sa.func.coalesce(_GAPS.c.before, _c.declared_at), sa.BigInteger
)
_TIMES = (
    sa.select(timeline.c.incident, timeline.c.at)
    .where(timeline.c.incident.in_(_IN_PERIOD.where(_c.severity == sa.bindparam("severity"))), *_UPDATE)
    .order_by(timeline.c.incident, timeline.c.at)
)
_PAGES = (
    sa.select(timeline.c.incident, sa.func.count())
    .where(timeline.c.incident.in_(_IN_PERIOD), timeline.c.kind == "page", sa.text("kind <> 'message'"))
    .group_by(timeline.c.incident)
)
_LONGEST_OPEN = timedelta(days=90)  # older incidents are not looked through for pages
_PAGED = (
    sa.select(timeline.c.at, timeline.c.data)
    .where(
        timeline.c.incident.in_(_IN_PERIOD),
        timeline.c.kind == "page",
        sa.text("kind <> 'message'"),
        timeline.c.at >= sa.bindparam("start", type_=timeline.c.at.type),
        timeline.c.at < sa.bindparam("end", type_=timeline.c.at.type),
    )
    .order_by(timeline.c.at)
)
_LATEST = 5000  # key entries that are looked through
_LATEST_KEYED = (
    sa.select(timeline.c.at, timeline.c.kind, timeline.c.data)
    .where(sa.text("key"), timeline.c.at >= sa.bindparam("start", type_=timeline.c.at.type))
    .order_by(timeline.c.at.desc())
    .limit(_LATEST + 1)
    .subquery()
)
_RECENT = sa.select(
    _LATEST_KEYED.c.at, sa.case((_LATEST_KEYED.c.kind == "page", _LATEST_KEYED.c.data)), _LATEST_KEYED.c.kind
).order_by(_LATEST_KEYED.c.at.desc())
_DUE = _c.state["review"]["due_at"].as_string()
_OWED = (
    sa.select(_c.number, _c.state["title"].as_string(), _DUE)
    .where(
        sa.text("ended_at IS NOT NULL"),
        _c.ended_at >= sa.bindparam("ended", type_=_c.ended_at.type),
        _c.private.is_(sa.false()),
        _c.state["review"]["state"].as_string().in_(["draft", "scheduled"]),
    )
    .order_by(_DUE.is_(None), _DUE, _c.number)
    .limit(sa.bindparam("most", type_=sa.Integer))
)
_AUTOMATED = (
    sa.select(jobs.c.incident)
    .where(jobs.c.incident.in_(_IN_PERIOD), jobs.c.state == "done", jobs.c.asked_by == BOT, jobs.c.undoes.is_(None))
    .distinct()
)
_ITEMS = sa.select(action_items.c.incident, action_items.c.due, action_items.c.state["status"].as_string()).where(
    action_items.c.incident.in_(_IN_PERIOD)
)


async def facts_since(conn: AsyncConnection, since: datetime) -> list[str]:
    """The incidents declared since then as JSON texts, for `facts_of`. What was detected later was declared later."""
    return list(await conn.scalars(_facts(conn.dialect.name), {"since": since}))


def facts_of(texts: Sequence[str], teams: Mapping[str, tuple[str, ...]]) -> list[IncidentFact]:
    """The incidents of the texts, without those that figures leave out. Call it in a thread where they are many.

    `teams` are those that look after each service.
    """
    members = (incident for text in texts for incident in json.loads(f"[{text}]"))
    return [_fact(incident, teams) for incident in members if not incident[_UNCOUNTED]]


async def updates_since(conn: AsyncConnection, since: datetime) -> dict[int, int]:
    """The number of posted status updates, by incident."""
    return {number: count for number, count in await conn.execute(_POSTED, {"since": since})}


async def late_updates_since(
    conn: AsyncConnection, since: datetime, longest: Mapping[str, timedelta]
) -> dict[int, int]:
    """The number of an incident's updates that came later after the previous one than `longest` allows its severity.

    The first counts from the declaration; what is posted after the end is never late.
    """
    if not longest:
        return {}
    microseconds = {key: span // timedelta(microseconds=1) for key, span in longest.items()}
    late = (
        sa.select(_c.number, sa.func.count())
        .join_from(_GAPS, incidents, _c.number == _GAPS.c.incident)
        .where(
            sa.case(microseconds, value=_c.severity) < _GAP,
            sa.or_(_c.ended_at.is_(None), _GAPS.c.at <= _c.ended_at),
        )
        .group_by(_c.number)
    )
    return {number: count for number, count in await conn.execute(late, {"since": since})}


async def update_times_since(conn: AsyncConnection, since: datetime, severity: str) -> dict[int, list[datetime]]:
    """When status updates of incidents of this severity were posted, by incident, in order."""
    posted: dict[int, list[datetime]] = {}
    for number, at in await conn.execute(_TIMES, {"since": since, "severity": severity}):
        posted.setdefault(number, []).append(at)
    return posted


async def pages_since(conn: AsyncConnection, since: datetime) -> dict[int, int]:
    """The number of sent pages, by incident."""
    return {number: count for number, count in await conn.execute(_PAGES, {"since": since})}


async def people_paged(conn: AsyncConnection, start: datetime, end: datetime) -> list[tuple[datetime, list[str]]]:
    """When pages were sent in these days, and the people whom each reached."""
    rows = await conn.execute(_PAGED, {"since": start - _LONGEST_OPEN, "start": start, "end": end})
    return [(at, list(data.get("people") or ())) for at, data in rows]


async def recent_pages(conn: AsyncConnection, since: datetime) -> tuple[list[tuple[datetime, list[str]]], bool]:
    """When pages were sent since then, the latest first, and the people whom each reached.

    Looks through a bounded number of entries; False: earlier ones are left out.
    """
    rows = (await conn.execute(_RECENT, {"start": since})).all()
    pages = [(at, list((data or {}).get("people") or ())) for at, data, kind in rows[:_LATEST] if kind == "page"]
    return pages, len(rows) <= _LATEST


async def owed_reviews(conn: AsyncConnection, since: datetime, limit: int) -> list[tuple[int, str, datetime | None]]:
    """Number, title and due instant of incidents that ended since then and whose review is not completed.

    Those due first come first; private incidents are left out.
    """
    rows = await conn.execute(_OWED, {"ended": since, "most": limit})
    return [(number, title, datetime.fromisoformat(due) if due else None) for number, title, due in rows]


async def automated_since(conn: AsyncConnection, since: datetime) -> frozenset[int]:
    """Incidents for which a step of a playbook ran without being asked for by a person, and worked."""
    return frozenset(await conn.scalars(_AUTOMATED, {"since": since}))


async def items_since(conn: AsyncConnection, since: datetime) -> list[tuple[int, date | None, str]]:
    """The incident, due day and status of each action item."""
    rows = await conn.execute(_ITEMS, {"since": since})
    return [(number, date.fromisoformat(due[:10]) if due else None, status) for number, due, status in rows]


@cache
def _facts(dialect: str) -> Any:
    """The members as one JSON array for some hundred incidents: a row for each would cost more than its members."""
    return sa.text(_FACTS_OF_INDEX if dialect == "sqlite" else _FACTS_OF_STATE).bindparams(_SINCE)


def _fact(members: list[Any], teams: Mapping[str, tuple[str, ...]]) -> IncidentFact:
    number, severity, status, private, drill, category, services, episode, _, declared, detected, *instants = members
    looked_after = tuple(team for service in services or () for team in teams.get(service, ()))
    return IncidentFact._make((
        number, severity, _STATUSES[status], bool(private), bool(drill), category, tuple(services or ()), episode or 1,
        _instant(declared), _instant(detected), *(value and _instant(value) for value in instants), looked_after,
    ))  # fmt: skip
