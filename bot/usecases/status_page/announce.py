"""Queues messages to subscribers and updates of copies for a publication, in the same transaction."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.routing.subscribers import copy_update
from bot.domain.statuspage.publication import Publication
from storage.outbox import enqueue
from storage.statuspage import mailings


async def announce(conn: AsyncConnection, publication: Publication, reference: str | None, now: datetime) -> None:
    """Queue them. `reference` is the update that subscribers are reference of; None: they are reference nothing."""
    if reference is not None:
        await mailings.add(conn, publication.id, reference, now)
    await enqueue.put(conn, [copy_update(publication)])
