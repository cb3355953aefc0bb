"""Keeps what people are writing for a section of a review before they save it, and tells who else is writing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from bot.domain.errors import Refused
from bot.domain.incident import Incident
from bot.domain.review import lifecycle
from bot.usecases import authorize
from bot.usecases.context import Context
from bot.usecases.reviews.changes import PERMISSION
from storage import review_drafts, reviews
from storage.review_drafts import SectionDraft
from storage.reviews import SectionText

KEPT = timedelta(days=14)
RECENT = timedelta(minutes=30)  # in which somebody is taken to be writing still
LONGEST = 20_000


@dataclass(frozen=True, slots=True)
class Writing:
    """What a section's page has to say: my own draft, who else is writing, and the text that is stored."""

    mine: SectionDraft | None
    others: tuple[SectionDraft, ...]
    stored: SectionText | None


async def keep_draft(context: Context, incident: Incident, section: str, version: int, text: str, actor: str) -> None:
    """Keep the text for the person. It changes neither the review nor the timeline. Raises `Refused`."""
    authorize.require(context, PERMISSION, actor, incident)
    lifecycle.required(incident)
    if len(text) > LONGEST:
        raise Refused(f"A section has at most {LONGEST:,} characters.")
    now = context.clock.now()
    async with context.database.transaction() as conn:
        stored = (await reviews.current(conn, incident.number)).get(section)
        if stored is not None and stored.author == actor and stored.version > version:
            return  # it was on its way while the person saved
        await review_drafts.delete_before(conn, now - KEPT)
        await review_drafts.put(conn, incident.number, SectionDraft(section, actor, version, text, now))


async def discard_draft(context: Context, number: int, section: str, actor: str) -> None:
    """Forget the person's own draft, once it is saved or given up."""
    async with context.database.transaction() as conn:
        await review_drafts.delete(conn, number, section, actor)


async def writing(context: Context, number: int, section: str, actor: str) -> Writing:
    """Who is writing what in a section."""
    since = context.clock.now() - RECENT
    async with context.database.reading() as conn:
        drafts = await review_drafts.of_section(conn, number, section)
        stored = (await reviews.current(conn, number)).get(section)
    mine = next((each for each in drafts if each.author == actor), None)
    return Writing(mine, tuple(each for each in drafts if each.author != actor and each.at > since), stored)
