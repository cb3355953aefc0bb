"""Counts groups of alerts in the database, where there may be tens of thousands."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.alerts.rates import TOLD, Tally
from bot.domain.figures.week import NoisyAlert
from storage.schema import alert_groups, incidents

_c = alert_groups.c
_FROM, _BELOW = sa.bindparam("from_number", type_=sa.BigInteger), sa.bindparam("below", type_=sa.BigInteger)
_BOUNDS = sa.select(sa.func.min(_c.number), sa.func.max(_c.number))
_AT_OR_AFTER = (
    sa.select(_c.number, _c.state["opened_at"].as_string()).where(_c.number >= _FROM).order_by(_c.number).limit(1)
)
_DISMISSED = _c.decision == "dismissed"
_TITLE = _c.state["title"].as_string().label("title")
_NOISIEST = (
    sa.select(
        _TITLE,
        sa.func.count().label("told"),
        sa.func.sum(sa.case((_DISMISSED, 1), else_=0)),
        sa.func.sum(_c.state["flaps"].as_integer()),
    )
    .join_from(alert_groups, incidents, incidents.c.number == _c.incident, isouter=True)
    .where(
        _c.number >= _FROM,
        _c.number < _BELOW,
        _c.decision.in_(sorted(TOLD)),
        sa.or_(incidents.c.private.is_(None), incidents.c.private.is_(sa.false())),
    )
    .group_by(sa.text("title"))
    .order_by(sa.text("told DESC"), sa.text("title"))
    .limit(sa.bindparam("most", type_=sa.Integer))
)


async def tallies(conn: AsyncConnection, start: datetime, end: datetime) -> list[Tally]:
    """The groups that opened from `start` until before `end` and told people, counted by incident and outcome."""
    first, below = await first_opened_since(conn, start), await first_opened_since(conn, end)
    rows = await conn.execute(_select_tallies(conn.dialect.name), {"from_number": first, "below": below})
    return [
        Tally(incident, bool(dismissed), bool(false_alarm), groups, _instant(opened_at))
        for incident, dismissed, false_alarm, groups, opened_at in rows
    ]


async def noisiest(conn: AsyncConnection, start: datetime, end: datetime, limit: int) -> list[NoisyAlert]:
    """The alerts that told people most often in these days, by title, without those of private incidents."""
    bounds = {"from_number": await first_opened_since(conn, start), "below": await first_opened_since(conn, end)}
    rows = await conn.execute(_NOISIEST, {**bounds, "most": limit})
    return [NoisyAlert(title, groups, dismissed, flaps) for title, groups, dismissed, flaps in rows]


async def first_opened_since(conn: AsyncConnection, instant: datetime) -> int:
    """The number of the first group that opened at or after the instant, or the next number that will be given.

    Groups open in the order of their numbers, so a binary search finds it in some twenty reads of one row.
    """
    low, high = (await conn.execute(_BOUNDS)).one()
    if low is None:
        return 1
    high += 1
    while low < high:
        middle = (low + high) // 2
        row = (await conn.execute(_AT_OR_AFTER, {"from_number": middle})).first()
        if row is None or _instant(row[1]) >= instant:
            high = middle
        else:
            low = row[0] + 1
    return int(low)


@cache
def _select_tallies(dialect: str) -> Any:
    # The earliest by text is the earliest but for less than a second: a fraction of zero is left out.
    opened_at = _c.state["opened_at"].as_string()
    false_alarm = sa.func.coalesce(_c.state["dismissed_as"].as_string() == "false_alarm", sa.false())
    return (
        sa.select(
            _c.incident,
            _DISMISSED.label("dismissed"),
            false_alarm.label("false_alarm"),
            sa.func.count(),
            sa.func.min(opened_at),
        )
        .where(_c.number >= _FROM, _c.number < _BELOW, _c.decision.in_(sorted(TOLD)))
        .group_by(_c.incident, sa.text("dismissed"), sa.text("false_alarm"))
    )


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
