"""Queues the export of a review to a wiki, and records its result."""

from __future__ import annotations

from collections.abc import Sequence

from bot.domain import routing
from bot.domain.errors import Refused
from bot.domain.incident import Change, Incident
from bot.domain.review import lifecycle
from bot.domain.review.export import WIKI_TITLES, Exported, WikiKind
from bot.domain.routing.notice import Notice
from bot.domain.timeline.entry import BOT, entry
from bot.usecases import authorize
from bot.usecases.context import Context
from bot.usecases.unit_of_work import locked_incident
from storage import review_exports


async def export_review(context: Context, number: int, wiki: WikiKind, actor: str) -> Incident:
    """Queue the export. Raises `Refused` before the review is opened, for a private incident, or without the wiki."""
    async with locked_incident(context, number) as work:
        authorize.require(context, "review", actor, work.incident)
        lifecycle.require_review(work.incident)
        if work.incident.private:
            raise Refused(f"{work.incident.id} is private: its review stays here.")
        if wiki not in context.wikis:
            raise Refused(f"{WIKI_TITLES[wiki]} is not set up. The settings it needs are in docs/integrations.")
        return await work.commit(Change(work.incident), [routing.review_export(number, wiki.value)])


def exports(context: Context, incident: Incident) -> list[Notice]:
    """The notices that export the review of a public incident to every wiki that is set up."""
    if incident.private:
        return []
    return [routing.review_export(incident.number, wiki.value) for wiki in context.wikis]


async def export_stored(context: Context, number: int, export: Exported) -> None:
    """Store the state of an export, before and between its steps."""
    async with context.database.transaction() as conn:
        await review_exports.put(conn, number, export, context.clock.now())


async def export_finished(context: Context, number: int, export: Exported, left: Sequence[str], *, new: bool) -> None:
    """Store a finished export, with an entry. The channel is told of a new page, and of sections left to people."""
    async with locked_incident(context, number) as work:
        await review_exports.put(work.conn, number, export, work.now)
        wiki = WIKI_TITLES[export.kind]
        text = f"The review {'is' if new else 'is up to date'} in {wiki}: {export.url}"
        if left:
            text += f". Left as people changed them there: {', '.join(left)}"
        facts = {"event": "export", "wiki": export.kind.value, "url": export.url, "left": list(left)}
        told_fact = {"told": True} if new or left else {}
        await work.commit(Change(work.incident, (entry(work.now, "review", BOT, text, **facts, **told_fact),)))
