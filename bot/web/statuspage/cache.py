"""Caches the rendered status page in memory. It is rendered when something changes, not for each request.

Rendering runs in a thread, so that nothing else waits for it. Another process on the same database may publish, too, so
that the counter of changes is read twice a second.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from bot.domain.statuspage.publication import Publication
from bot.domain.statuspage.view import PageView, build_view, read_since
from bot.usecases.context import Context
from bot.usecases.status_page.address import access_token, page_url
from bot.web.statuspage import documents, pages
from bot.web.statuspage.mirror import Mirror
from bot.web.statuspage.rendered import Rendered
from bot.workers.base import Periodic
from bot.workers.tasks import WakeableTask
from storage import key_value
from storage.statuspage import page, publications

log = structlog.get_logger()

POLL_S = 0.5
RENDER_EVERY_S = 60.0  # at least so often: uptime changes while an outage lasts
MadeOf = tuple[int, str, str]  # the counter of changes, the digest of the policy, and the address of the page
MOST_ON_DEMAND = 500  # pages of single incidents and older parts of the history, since the last change


class StatusPageCache:
    """The documents of the status page by path, as last rendered."""

    name = "status page"

    def __init__(self, context: Context, mirror: Mirror | None = None) -> None:
        self._context = context
        self._mirror = mirror
        self._loop = WakeableTask(
            self.name, context.wakeups.status_page, self.refresh, hint="check the database; it is tried again"
        )
        self._one_at_a_time = asyncio.Lock()  # an older rendering never replaces a newer one
        self._made_of: MadeOf | None = None
        self._rendered_at = -RENDER_EVERY_S
        self._on_demand: dict[str, Rendered] = {}
        self.documents: dict[str, Rendered] = {}  # as those see them who have the link to a page that is not public
        self.signed_in: dict[str, Rendered] = {}  # as those see them who have signed in: their links carry no key
        self.view: PageView | None = None
        self.listens_at: Callable[[], str | None] = lambda: None  # the address of the HTTP port, once it is open
        self.access: str | None = None  # what a link to a page that is not public must carry

    @property
    def periodic(self) -> Periodic:
        """The look at the counter of changes."""
        return self._loop.poll(timedelta(seconds=POLL_S))

    async def start(self) -> None:
        """Note since when there is a record, render once, then begin to watch."""
        if not self._context.database.read_only:
            async with self._context.database.transaction() as conn:
                await key_value.STATUS_PAGE_SINCE.put_new(conn, self._context.clock.now().isoformat())
                await key_value.STATUS_PAGE_SECRET.put_new(conn, secrets.token_hex(32))
        await self.refresh()
        self._loop.start()

    async def stop(self, within_s: float) -> None:
        """Let a rendering end."""
        await self._loop.stop(within_s)

    async def refresh(self) -> None:
        """Render if something was published, the policy changed, or the last time is a minute ago."""
        async with self._one_at_a_time:
            async with self._context.database.reading() as conn:
                made_of = (await publications.version(conn), self._context.policy.digest, self._url())
            fresh = time.monotonic() - self._rendered_at < RENDER_EVERY_S
            if made_of != self._made_of or not fresh:
                await self.render(made_of)

    def _url(self) -> str:
        """The address of the page: feeds need a whole one, so without a public address that of the HTTP port."""
        url = page_url(self._context)
        return url if url.startswith(("https://", "http://")) else f"{self.listens_at() or ''}{url}"

    async def render(self, made_of: MadeOf) -> None:
        """Read what is published and render all documents in a thread."""
        rules, now = self._context.policy.status_page, self._context.clock.now()
        async with self._context.database.reading() as conn:
            published = await page.read(conn, read_since(rules, now), now)
            secret = await key_value.STATUS_PAGE_SECRET.get(conn)
        access = access_token(secret or "", rules.visibility)
        view, rendered_documents, bare = await asyncio.to_thread(
            lambda: _render_all(build_view(rules, made_of[2], published, now), access)
        )
        self.view, self.documents, self.signed_in, self.access, self._on_demand = (
            view,
            rendered_documents,
            bare,
            access,
            {},
        )
        self._made_of, self._rendered_at = made_of, time.monotonic()
        if self._mirror is not None and access is None:
            await self._mirror.update(view, rendered_documents)

    def document(self, path: str, *, keyed: bool) -> Rendered | None:
        """A document; None if there is none. `keyed`: the reader has the link to a page that is not public."""
        return (self.documents if keyed or self.access is None else self.signed_in).get(path)

    async def incident(self, publication_id: str, *, keyed: bool) -> Rendered | None:
        """The page of one publication; None if there is none. It is kept until the next change."""
        path = f"{documents.PREFIX}/incidents/{publication_id} {keyed}"
        view = self.view
        if path in self._on_demand or view is None:
            return self._on_demand.get(path)
        async with self._context.database.reading() as conn:
            publication = await publications.get(conn, publication_id)
        if publication is None:
            return None
        to = self.view_for(view, keyed=keyed)
        rendered = await asyncio.to_thread(
            lambda: documents.html(pages.incident_page(publication, to, documents.links(to)), to)
        )
        return self._store(path, rendered, view)

    async def history(self, before: datetime, *, keyed: bool) -> Rendered | None:
        """The part of the history that started before an instant; None before the first rendering."""
        path = f"{documents.PREFIX}/history?{before.isoformat()} {keyed}"
        view = self.view
        if path in self._on_demand or view is None:
            return self._on_demand.get(path)
        async with self._context.database.reading() as conn:
            older_publications = await publications.before(conn, before, documents.MOST_IN_HISTORY)
        rendered = await asyncio.to_thread(_history, older_publications, self.view_for(view, keyed=keyed))
        return self._store(path, rendered, view)

    async def calendar(self, *, keyed: bool) -> Rendered | None:
        """The calendar of maintenance; None before the first rendering. It is kept until the next change."""
        path = f"{documents.PREFIX}/{documents.CALENDAR} {keyed}"
        view = self.view
        if path in self._on_demand or view is None:
            return self._on_demand.get(path)
        return self._store(path, await asyncio.to_thread(documents.calendar, self.view_for(view, keyed=keyed)), view)

    def view_for(self, view: PageView, *, keyed: bool) -> PageView:
        """The page as a reader sees it: the links of one who came by its link carry the key, too."""
        return replace(view, query=f"?access={self.access}") if keyed and self.access is not None else view

    def _store(self, path: str, rendered_documents: Rendered, view: PageView) -> Rendered:
        if len(self._on_demand) >= MOST_ON_DEMAND:
            self._on_demand.clear()
        if self.view is view:  # a change while this was rendered asks for another rendering
            self._on_demand[path] = rendered_documents
        return rendered_documents


def _render_all(view: PageView, access: str | None) -> tuple[PageView, dict[str, Rendered], dict[str, Rendered]]:
    """The view, every document, and for a page that is not public every document without its key."""
    rendered_documents = documents.all_documents(view)
    if access is None:
        return view, rendered_documents, {}
    return view, documents.all_documents(replace(view, query=f"?access={access}")), rendered_documents


def _history(listed: list[Publication], view: PageView) -> Rendered:
    more = len(listed) == documents.MOST_IN_HISTORY
    older = documents.history_before(listed[-1].started_at, view) if more else None
    return documents.html(pages.history_page(listed, view, documents.links(view), older), view)
