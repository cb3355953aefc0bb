"""Opens the review of an incident that has ended, if its severity asks for one."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain import routing
from bot.domain.incident import Incident, times
from bot.domain.review import lifecycle
from bot.domain.routing.notice import Notice
from bot.usecases.effects.incident_save import IncidentSave
from bot.usecases.reviews import reminders


async def open_at_end(conn: AsyncConnection, save: IncidentSave, now: datetime) -> IncidentSave:
    """Open it with the change that ends the incident, and post it; edit that message when the review moves on."""
    before, after = save.before, save.after
    if before is not None and lifecycle.opens_by_itself(before, after, save.policy):
        after = replace(after, review=lifecycle.new_review(after, save.policy, now))
        return replace(save, after=after, notices=(*save.notices, *_opening_notices(after.number)))
    if before is not None and after.review is not None and lifecycle.is_taken_up(before, after):
        after = replace(after, review=lifecycle.take_up_again(after.review, after, save.policy, now))
        return replace(save, after=after, notices=(*save.notices, routing.review_edit(after.number)))
    if before is not None and before.review is None and after.review is not None:
        return replace(save, notices=(*save.notices, *_opening_notices(after.number)))
    if before is not None and after.review is not None and (before.review != after.review or _timed(before, after)):
        edits = (routing.review_edit(after.number), *await reminders.edits_after_change(conn, before, after))
        return replace(save, notices=(*save.notices, *edits))
    if before is not None and after.review is not None and after.open and not before.open:
        return replace(save, notices=(*save.notices, *await reminders.edits_after_change(conn, before, after)))
    return save


def _timed(before: Incident, after: Incident) -> bool:
    """Whether a time was corrected from which the review is drafted."""
    return any(getattr(before, name) != getattr(after, name) for name in times.LABELS)


def _opening_notices(number: int) -> tuple[Notice, ...]:
    return routing.review_posted(number), routing.review_bookmark(number)
