"""Has subscribers told of what was published, and copies elsewhere brought up to date, in the same transaction."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.routing.subscribers import copied
from bot.domain.statuspage.publication import Publication
from storage.outbox import enqueue
from storage.statuspage import mailings


async def announce(conn: AsyncConnection, publication: Publication, told: str | None, now: datetime) -> None:
    """`told` refers to the update that subscribers are told of; None: they are told nothing."""
    if told is not None:
        await mailings.add(conn, publication.id, told, now)
    await enqueue.put(conn, [copied(publication)])
