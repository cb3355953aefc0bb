"""Stores the texts that people wrote for sections of a review, in every version."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.schema import review_texts

_c = review_texts.c


@dataclass(frozen=True, slots=True)
class SectionText:
    """One version of a section's text."""

    section: str
    version: int
    text: str
    author: str
    at: datetime


async def current(conn: AsyncConnection, incident: int) -> dict[str, SectionText]:
    """The newest text of each section that people wrote."""
    newest = (
        sa.select(_c.section, sa.func.max(_c.version).label("version"))
        .where(_c.incident == incident)
        .group_by(_c.section)
        .subquery()
    )
    is_newest = sa.and_(_c.section == newest.c.section, _c.version == newest.c.version)
    rows = await conn.execute(sa.select(review_texts).join(newest, is_newest).where(_c.incident == incident))
    return {row.section: SectionText(row.section, row.version, row.text, row.author, row.at) for row in rows}


async def history(conn: AsyncConnection, incident: int, section: str) -> list[SectionText]:
    """Every version of a section's text, the newest first."""
    query = sa.select(review_texts).where(_c.incident == incident, _c.section == section)
    rows = await conn.execute(query.order_by(_c.version.desc()))
    return [SectionText(row.section, row.version, row.text, row.author, row.at) for row in rows]


async def versions(conn: AsyncConnection, incident: int, limit: int) -> list[SectionText]:
    """Up to `limit` versions of all sections, the newest first."""
    query = sa.select(review_texts).where(_c.incident == incident).order_by(_c.at.desc(), _c.section, _c.version.desc())
    rows = await conn.execute(query.limit(limit))
    return [SectionText(row.section, row.version, row.text, row.author, row.at) for row in rows]


async def add(conn: AsyncConnection, incident: int, text: SectionText) -> None:
    """Store a new version; lock the incident first."""
    await conn.execute(sa.insert(review_texts).values(incident=incident, **asdict(text)))
