"""Reads everything that the status page shows, in a few queries, and no incident."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.statuspage.view import PagePublications
from storage import key_value
from storage.statuspage import publications

MOST_PAST = 2000


async def read(conn: AsyncConnection, ended_since: datetime, now: datetime) -> PagePublications:
    """The unresolved publications, and those that ended after `ended_since`."""
    unresolved = await publications.unresolved(conn)
    past = await publications.ended_since(conn, ended_since, MOST_PAST)
    first = await publications.earliest_start(conn)
    served = await key_value.STATUS_PAGE_SINCE.get(conn)
    begins = [instant for instant in (first, datetime.fromisoformat(served) if served else None) if instant is not None]
    return PagePublications(tuple(unresolved), tuple(past), min(begins, default=now), first)
