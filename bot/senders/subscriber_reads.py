"""Reads whom a notice to a subscriber goes to and what it is about, for many notices at once."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.routing.payloads import SubscriberPayload
from bot.domain.statuspage.publication import Publication
from bot.domain.statuspage.subscriber import Subscriber
from bot.usecases.status_page.address import signing_secret
from storage.database import Database
from storage.engine.batch_loader import BatchLoader
from storage.statuspage import publications, subscribers


@dataclass(frozen=True, slots=True)
class Addressed:
    """What a notice needs. `subscriber` is None once it has left; `secret` signs its links."""

    subscriber: Subscriber | None
    publication: Publication | None
    secret: str


class SubscriberReads:
    """Reads what notices need: those that are read at the same time share their queries."""

    def __init__(self, database: Database) -> None:
        self._loader = BatchLoader(database.reading, _read)

    async def get(self, payload: SubscriberPayload) -> Addressed:
        """What this notice needs. Raises `LookupError` before the page was first served."""
        found = await self._loader.get((payload.subscriber, payload.publication))
        if found is None:
            raise LookupError("a key that was asked for was not answered")
        return found


_Key = tuple[str, str | None]  # a subscriber, and a publication


async def _read(conn: AsyncConnection, keys: Collection[_Key]) -> dict[_Key, Addressed]:
    secret = await signing_secret(conn)
    told = await subscribers.get_many(conn, {subscriber for subscriber, _ in keys})
    about = {publication for _, publication in keys if publication}
    published = await publications.get_many(conn, about) if about else {}
    return {key: Addressed(told.get(key[0]), published.get(key[1]) if key[1] else None, secret) for key in keys}
