"""Stores the wiki pages that hold reviews, with the text that was written into them."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.review.export import Exported, WikiKind
from storage.engine.dialect import insert
from storage.schema import review_exports

_c = review_exports.c


async def get(conn: AsyncConnection, incident: int, wiki: WikiKind) -> Exported | None:
    """The export of an incident's review to a wiki; None where there was none."""
    query = sa.select(review_exports).where(_c.incident == incident, _c.wiki == wiki.value)
    row = (await conn.execute(query)).first()
    return None if row is None else Exported(wiki, row.external, row.url, row.written, row.pending)


async def put(conn: AsyncConnection, incident: int, export: Exported, now: datetime) -> None:
    """Store the export in place of the earlier one."""
    values = {
        "external": export.external, "url": export.url, "written": dict(export.written),
        "pending": dict(export.pending), "exported_at": now,
    }  # fmt: skip
    row = insert(conn, review_exports).values(incident=incident, wiki=export.kind.value, **values)
    await conn.execute(row.on_conflict_do_update(index_elements=["incident", "wiki"], set_=values))
