"""Long reads, a page at a time, so that a long timeline does not hold the event loop."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.engine.dialect import AnyRow
from storage.schema import timeline

PAGE = 500  # rows


async def iter_by_seq(
    conn: AsyncConnection, wanted: sa.Select[Any], limit: int | None = None, *, newest: bool = False
) -> AsyncIterator[AnyRow]:
    """Rows of the timeline in the order of their places, or against it. Every page is a query of its own."""
    order = timeline.c.seq.desc() if newest else timeline.c.seq.asc()
    last: Any = None
    left = limit
    while left is None or left > 0:
        size = PAGE if left is None else min(PAGE, left)
        page = wanted.order_by(order).limit(size)
        if last is not None:
            page = page.where(timeline.c.seq < last if newest else timeline.c.seq > last)
        rows = (await conn.execute(page)).all()
        for row in rows:
            yield row
        if len(rows) < size:
            return
        last = rows[-1].seq
        left = None if left is None else left - len(rows)
