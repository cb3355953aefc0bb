"""Read long timelines in pages, so that they do not hold up the event loop."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.engine.dialect import AnyRow
from storage.schema import timeline

PAGE = 500  # rows


async def iter_by_seq(
    conn: AsyncConnection, rows: sa.Select[Any], limit: int | None = None, *, newest: bool = False
) -> AsyncIterator[AnyRow]:
    """Up to `limit` rows of a query on the timeline in ascending order of `seq`, or descending with `newest`.

    Every page is a query of its own.
    """
    order = timeline.c.seq.desc() if newest else timeline.c.seq.asc()
    last: Any = None
    left = limit
    while left is None or left > 0:
        size = PAGE if left is None else min(PAGE, left)
        query = rows.order_by(order).limit(size)
        if last is not None:
            query = query.where(timeline.c.seq < last if newest else timeline.c.seq > last)
        page = (await conn.execute(query)).all()
        for row in page:
            yield row
        if len(page) < size:
            return
        last = page[-1].seq
        left = None if left is None else left - len(page)
