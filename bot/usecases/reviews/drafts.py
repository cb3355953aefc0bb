"""Stores unsaved drafts of the sections of a review, and shows who else is writing."""

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
RECENT = timedelta(minutes=30)  # since the last change: somebody counts as still writing
LONGEST = 20_000


@dataclass(frozen=True, slots=True)
class SectionDrafts:
    """The drafts of a section: the person's own, those of others who are writing now, and the stored text."""

    mine: SectionDraft | None
    others: tuple[SectionDraft, ...]
    stored: SectionText | None


async def keep_draft(context: Context, incident: Incident, section: str, version: int, text: str, actor: str) -> None:
    """Store the draft of a person. It changes neither the review nor the timeline. Raises `Refused`."""
    authorize.require(context, PERMISSION, actor, incident)
    lifecycle.require_review(incident)
    if len(text) > LONGEST:
        raise Refused(f"A section has at most {LONGEST:,} characters.")
    now = context.clock.now()
    async with context.database.transaction() as conn:
        stored = (await reviews.current(conn, incident.number)).get(section)
        if stored is not None and stored.author == actor and stored.version > version:
            return  # it arrived after the person saved
        await review_drafts.delete_before(conn, now - KEPT)
        await review_drafts.put(conn, incident.number, SectionDraft(section, actor, version, text, now))


async def discard_draft(context: Context, number: int, section: str, actor: str) -> None:
    """Delete the person's draft, once it is saved or given up."""
    async with context.database.transaction() as conn:
        await review_drafts.delete(conn, number, section, actor)


async def writing(context: Context, number: int, section: str, actor: str) -> SectionDrafts:
    """The drafts and the stored text of a section."""
    since = context.clock.now() - RECENT
    async with context.database.reading() as conn:
        drafts = await review_drafts.of_section(conn, number, section)
        stored = (await reviews.current(conn, number)).get(section)
    own_draft = next((other_draft for other_draft in drafts if other_draft.author == actor), None)
    return SectionDrafts(
        own_draft,
        tuple(other_draft for other_draft in drafts if other_draft.author != actor and other_draft.at > since),
        stored,
    )
