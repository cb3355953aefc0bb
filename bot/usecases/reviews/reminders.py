"""Settles the reminders of a review in the incident's channel: the latest one alone has buttons."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain import routing
from bot.domain.incident import Incident, review_reminders
from bot.domain.routing.notice import Notice, NoticeKind
from storage.outbox import reminded
from storage.outbox.reminded import OtherReminder


def prefix(incident: int) -> str:
    """The prefix of the dedup keys of all reminders of an incident's review."""
    return f"{NoticeKind.REVIEW_REMINDER}:review:{incident}"


async def edits_after_posting(conn: AsyncConnection, incident: Incident) -> list[Notice]:
    """The edits after a reminder was posted: those before it go, and so does it if the review was settled meanwhile."""
    posted = await _sent(conn, incident.number)
    edits = [routing.nudge_settled(incident.number, earlier.dedup_key, "superseded") for earlier in posted[1:]]
    outcome = review_reminders.over(incident)
    if posted and outcome is not None:
        edits.append(routing.nudge_settled(incident.number, posted[0].dedup_key, outcome))
    return edits


async def edits_after_change(conn: AsyncConnection, before: Incident, after: Incident) -> list[Notice]:
    """The edit of the latest reminder, if this change settles it. One on its way is settled once it is posted."""
    outcome = review_reminders.outcome(before, after)
    if outcome is None:
        return []
    latest = (await _sent(conn, after.number))[:1]
    return [routing.nudge_settled(after.number, reminder.dedup_key, outcome) for reminder in latest]


async def _sent(conn: AsyncConnection, number: int) -> list[OtherReminder]:
    """The reminders that were posted, the latest first."""
    return [reminder for reminder in await reminded.others(conn, prefix(number), 0) if reminder.state == "sent"]
