"""Stores the changes of which subscribers are still to be told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.engine.dialect import insert
from storage.schema import handed_mails, mailings, outbox

_c = mailings.c
_UNSENT = sa.text("state NOT IN ('sent', 'dropped')")  # as in the partial index, word for word


@dataclass(frozen=True, slots=True)
class Mailing:
    """One change that subscribers are told of, one after the other by ID."""

    id: str
    publication: str
    update_id: str
    after: str


async def add(conn: AsyncConnection, publication: str, update_id: str, now: datetime) -> None:
    """Have subscribers told of an update. Twice is once."""
    row = insert(conn, mailings).values(
        id=f"{publication}:{update_id}", publication=publication, update_id=update_id, after="", created_at=now
    )
    await conn.execute(row.on_conflict_do_nothing(index_elements=["id"]))


async def waiting(conn: AsyncConnection) -> bool:
    """Whether there is anything left to tell."""
    return await conn.scalar(sa.select(_c.id).limit(1)) is not None


async def lock_next(conn: AsyncConnection) -> Mailing | None:
    """The oldest remaining change, locked; None if another process has locked it."""
    query = sa.select(_c.id, _c.publication, _c.update_id, _c.after).order_by(_c.created_at, _c.id).limit(1)
    row = (await conn.execute(query.with_for_update(skip_locked=True))).one_or_none()
    return None if row is None else Mailing(row.id, row.publication, row.update_id, row.after)


async def move_on(conn: AsyncConnection, mailing: str, after: str) -> None:
    """Note the last subscriber that was queued."""
    await conn.execute(sa.update(mailings).where(_c.id == mailing).values(after=after))


async def finish(conn: AsyncConnection, mailing: str) -> None:
    """Remove a change whose subscribers are all queued."""
    await conn.execute(sa.delete(mailings).where(_c.id == mailing))


async def under_way(conn: AsyncConnection, kinds: list[str]) -> tuple[int, int]:
    """The number of notices of these kinds being sent or not tried yet, and of those to be tried again."""
    c = outbox.c
    first = sa.or_(c.state == "leased", sa.and_(c.state == "queued", c.attempts == 0))
    count = sa.select(sa.func.count().filter(first), sa.func.count().filter(sa.not_(first)))
    row = (await conn.execute(count.where(_UNSENT, c.state != "failed", c.kind.in_(kinds)))).one()
    return int(row[0]), int(row[1])


async def forget_handed(conn: AsyncConnection, before: datetime) -> None:
    """Delete the records, from before then, of mails that earlier versions handed over."""
    await conn.execute(sa.delete(handed_mails).where(handed_mails.c.at < before))
