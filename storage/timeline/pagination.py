"""Reads long timelines some rows at a time, so that they do not hold up the event loop."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.engine.dialect import AnyRow
from storage.schema import timeline

PAGE = 500  # rows
Order = Sequence[sa.Column[Any]]
BY_SEQ: Order = (timeline.c.seq,)  # the order of the chain, in which the entries arrived
BY_TIME: Order = (timeline.c.at, timeline.c.seq)


async def iter_rows(
    conn: AsyncConnection, rows: sa.Select[Any], order: Order, limit: int | None = None, *, newest: bool = False
) -> AsyncIterator[AnyRow]:
    """Up to `limit` rows of a query on the timeline in ascending `order`, or descending with `newest`.

    Every page is a query of its own.
    """
    last: list[Any] | None = None
    remaining = limit
    while remaining is None or remaining > 0:
        size = PAGE if remaining is None else min(PAGE, remaining)
        query = rows.order_by(*(column.desc() if newest else column.asc() for column in order)).limit(size)
        if last is not None:
            query = query.where(_beyond(order, last, newest=newest))
        page = (await conn.execute(query)).all()
        for row in page:
            yield row
        if len(page) < size:
            return
        last = [getattr(page[-1], column.key) for column in order]
        remaining = None if remaining is None else remaining - len(page)


def _beyond(order: Order, last: Sequence[Any], *, newest: bool) -> sa.ColumnElement[bool]:
    position: sa.ColumnElement[Any] = sa.tuple_(*order) if len(order) > 1 else order[0]
    values = [sa.literal(value, column.type) for value, column in zip(last, order, strict=True)]
    last_position: Any = sa.tuple_(*values) if len(order) > 1 else last[0]
    beyond: sa.ColumnElement[bool] = position < last_position if newest else position > last_position
    return beyond
