"""Writes reviews into wikis: creates the page, or updates those sections that people have not changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from bot.domain.errors import DeliveryError
from bot.domain.review.export import (
    WIKI_TITLES,
    Exported,
    WikiKind,
    WikiSection,
    marks_after,
    plan,
    sections_of,
    title_of,
)
from bot.domain.routing.payloads import ReviewExportPayload
from bot.domain.routing.send_result import LEASE_TOO_SHORT, Failed, NotNeeded, SendResult, Sent, result_of
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
class _ReviewPage:
    """The review's page as it should be in the wiki, and what was exported before."""

    number: int
    title: str
    sections: list[WikiSection]
    export: Exported | None


class WikiSender:
    """Sends notices of the kinds `WIKI_KINDS`. `wikis` returns those that are configured now."""

    def __init__(self, context: Context, wikis: Callable[[], Mapping[WikiKind, Wiki]]) -> None:
        self._context = context
        self._wikis = wikis

    async def send(self, row: ClaimedNotice) -> SendResult:
        """Make one attempt."""
        kind = WikiKind(read_payload(row, ReviewExportPayload).wiki)
        wiki = self._wikis().get(kind)
        if wiki is None:
            return NotNeeded(f"{WIKI_TITLES[kind]} is not set up any more")
        review = await self._review(row.incident or 0, kind)
        if review is None:
            return NotNeeded("the incident is private, and so its review stays here")
        if not row.lease_covers(2 * http.TIMEOUT_S):
            return LEASE_TOO_SHORT
        try:
            return await self._write(wiki, review)
        except DeliveryError as error:
            problem = f"Could not write the review into {WIKI_TITLES[kind]}: {error}."
            if datetime.now(UTC) - row.first_try_at > GIVEN_UP_AFTER:
                return Failed(problem)
            return result_of(error, problem)

    async def _review(self, number: int, kind: WikiKind) -> _ReviewPage | None:
        async with self._context.database.reading() as conn:
            incident = await incidents.get(conn, number)
            if incident is None or incident.private:
                return None
            view = await read_review(conn, await self._context.policies.of(conn, incident), number)
            export = await review_exports.get(conn, number, kind)
        return _ReviewPage(number, title_of(view), sections_of(view), export)

    async def _write(self, wiki: Wiki, review: _ReviewPage) -> SendResult:
        """1. Find the page, or create it. 2. Replace our sections. 3. Record the export. Raises `DeliveryError`.

        The new marks are stored first, so that after a broken attempt the texts count as ours, too.
        """
        page = await wiki.read(review.export.external) if review.export is not None else None
        export = review.export if page is not None else None
        if page is None:
            page = await wiki.find(review.title)
        marks = {section.title: section.marks for section in review.sections}
        if page is None:
            page = await wiki.create(review.title, review.sections)
            stored_export = Exported(wiki.kind, page.external, page.url, marks)
            await export_finished(self._context, review.number, stored_export, (), new=True)
            return Sent({"vendor": wiki.kind.value, "id": page.external})
        export = export or Exported(wiki.kind, page.external, page.url)
        changed_titles = await self._update_sections(wiki, review, page, export)
        stored_export = replace(export, written=marks_after(export, review.sections, changed_titles), pending={})
        await export_finished(self._context, review.number, stored_export, changed_titles, new=review.export is None)
        return Sent({"vendor": wiki.kind.value, "id": page.external})

    async def _update_sections(
        self, wiki: Wiki, review: _ReviewPage, page: WikiPage, export: Exported
    ) -> tuple[str, ...]:
        """Replace outdated sections. Returns the titles of those that people have changed, which stay as they are."""
        planned = plan(page.texts, export, review.sections)
        outdated = [section for section in review.sections if section.title in planned.replace]
        if outdated:
            pending = {section.title: section.marks for section in outdated}
            await export_stored(self._context, review.number, replace(export, pending=pending))
            await wiki.replace(page, outdated)
        return planned.left
