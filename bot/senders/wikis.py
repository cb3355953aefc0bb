"""Writes reviews into wikis: creates the page, or brings those sections up to date that people have not changed."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from bot.domain.errors import DeliveryError
from bot.domain.review.export import (
    WIKI_TITLES,
    Exported,
    WikiKind,
    WikiSection,
    after,
    plan,
    sections_of,
    title_of,
)
from bot.domain.routing.payloads import ReviewExportPayload
from bot.domain.routing.send_result import Failed, NotNeeded, Retry, SendResult, Sent, result_of
from bot.integrations import http
from bot.integrations.wikis.protocol import Wiki, WikiPage
from bot.usecases.context import Context
from bot.usecases.reviews.export import export_finished, export_stored
from bot.usecases.reviews.read import read_review
from storage import incidents, review_exports
from storage.outbox.payloads import read_payload
from storage.outbox.queue import ClaimedNotice

GIVEN_UP_AFTER = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is to stand in the wiki, and what we know of the page there."""

    number: int
    title: str
    sections: list[WikiSection]
    export: Exported | None


class WikiSender:
    """Sends notices of the kinds `WIKI_KINDS`. `wikis` are those that the settings configure now."""

    def __init__(self, context: Context, wikis: Callable[[], Mapping[WikiKind, Wiki]]) -> None:
        self._context = context
        self._wikis = wikis

    async def send(self, row: ClaimedNotice) -> SendResult:
        """Make one attempt."""
        kind = WikiKind(read_payload(row, ReviewExportPayload).wiki)
        wiki = self._wikis().get(kind)
        if wiki is None:
            return NotNeeded(f"{WIKI_TITLES[kind]} is not set up any more")
        asked = await self._asked(row.incident or 0, kind)
        if asked is None:
            return NotNeeded("the incident is private, and so its review stays here")
        if time.monotonic() + 2 * http.TIMEOUT_S > row.lease_ends_monotonic:
            return Retry("its lease would have ended before the answer", timedelta(0))
        try:
            return await self._written(wiki, asked)
        except DeliveryError as error:
            words = f"Could not write the review into {WIKI_TITLES[kind]}: {error}."
            if datetime.now(UTC) - row.first_try_at > GIVEN_UP_AFTER:
                return Failed(words)
            return result_of(error, words)

    async def _asked(self, number: int, kind: WikiKind) -> _Asked | None:
        async with self._context.database.reading() as conn:
            incident = await incidents.get(conn, number)
            if incident is None or incident.private:
                return None
            view = await read_review(conn, await self._context.policies.of(conn, incident), number)
            export = await review_exports.get(conn, number, kind)
        return _Asked(number, title_of(view), sections_of(view), export)

    async def _written(self, wiki: Wiki, asked: _Asked) -> SendResult:
        """1. Find the page, or create it; 2. replace what is ours; 3. record it. Raises `DeliveryError`.

        What is about to be written is stored first: after a broken attempt it is ours, too.
        """
        page = await wiki.read(asked.export.external) if asked.export is not None else None
        export = asked.export if page is not None else None
        if page is None:
            page = await wiki.find(asked.title)
        new = {each.title: each.marks for each in asked.sections}
        if page is None:
            page = await wiki.create(asked.title, asked.sections)
            done = Exported(wiki.kind, page.external, page.url, new)
            await export_finished(self._context, asked.number, done, (), new=True)
            return Sent({"vendor": wiki.kind.value, "id": page.external})
        export = export or Exported(wiki.kind, page.external, page.url)
        left = await self._brought_up_to_date(wiki, asked, page, export)
        done = replace(export, written=after(export, asked.sections, left), pending={})
        await export_finished(self._context, asked.number, done, left, new=asked.export is None)
        return Sent({"vendor": wiki.kind.value, "id": page.external})

    async def _brought_up_to_date(self, wiki: Wiki, asked: _Asked, page: WikiPage, export: Exported) -> tuple[str, ...]:
        """Returns the titles of the sections that are left as people changed them."""
        planned = plan(page.texts, export, asked.sections)
        wanted = [each for each in asked.sections if each.title in planned.replace]
        if wanted:
            pending = {each.title: each.marks for each in wanted}
            await export_stored(self._context, asked.number, replace(export, pending=pending))
            await wiki.replace(page, wanted)
        return planned.left
