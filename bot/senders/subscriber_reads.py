"""Reads the subscriber and the publication of notices, for many notices in one query."""

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
class SubscriberDelivery:
    """The subscriber and publication of a notice. `subscriber` is None once it has left; `secret` signs its links."""

    subscriber: Subscriber | None
    publication: Publication | None
    secret: str


class SubscriberReads:
    """Reads for notices; concurrent reads share their queries."""

    def __init__(self, database: Database) -> None:
        self._loader = BatchLoader(database.reading, _read)

    async def get(self, payload: SubscriberPayload) -> SubscriberDelivery:
        """The subscriber and publication of this notice. Raises `LookupError` before the page was first served."""
        addressed = await self._loader.get((payload.subscriber, payload.publication))
        if addressed is None:
            raise LookupError("a key that was asked for was not answered")
        return addressed


_Key = tuple[str, str | None]  # a subscriber, and a publication


async def _read(conn: AsyncConnection, keys: Collection[_Key]) -> dict[_Key, SubscriberDelivery]:
    secret = await signing_secret(conn)
    subscribers_by_id = await subscribers.get_many(conn, {subscriber for subscriber, _ in keys})
    publication_ids = {publication for _, publication in keys if publication}
    publications_by_id = await publications.get_many(conn, publication_ids) if publication_ids else {}
    return {
        key: SubscriberDelivery(
            subscribers_by_id.get(key[0]), publications_by_id.get(key[1]) if key[1] else None, secret
        )
        for key in keys
    }
