"""Stores what people are still writing for sections of a review: one text for a person and a section."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.engine.dialect import insert
from storage.schema import review_drafts

_c = review_drafts.c
MOST = 20  # drafts of a section that are shown


@dataclass(frozen=True, slots=True)
class SectionDraft:
    """The unsaved text of a person. `version` is that of the section's text that they began with."""

    section: str
    author: str
    version: int
    text: str
    at: datetime


async def put(conn: AsyncConnection, incident: int, draft: SectionDraft) -> None:
    """Store the text in place of the person's earlier one."""
    row = insert(conn, review_drafts).values(incident=incident, **asdict(draft))
    changed = {name: row.excluded[name] for name in ("version", "text", "at")}
    keys = ["incident", "section", "author"]
    await conn.execute(row.on_conflict_do_update(index_elements=keys, set_=changed))


async def of_section(conn: AsyncConnection, incident: int, section: str) -> list[SectionDraft]:
    """The texts that people are writing for a section, the newest first."""
    query = sa.select(review_drafts).where(_c.incident == incident, _c.section == section)
    rows = await conn.execute(query.order_by(_c.at.desc(), _c.author).limit(MOST))
    return [SectionDraft(row.section, row.author, row.version, row.text, row.at) for row in rows]


async def delete(conn: AsyncConnection, incident: int, section: str, author: str) -> None:
    """Forget what a person was writing."""
    which = sa.and_(_c.incident == incident, _c.section == section, _c.author == author)
    await conn.execute(sa.delete(review_drafts).where(which))


async def delete_before(conn: AsyncConnection, before: datetime) -> None:
    """Delete drafts that were last saved before then."""
    await conn.execute(sa.delete(review_drafts).where(_c.at < before))
