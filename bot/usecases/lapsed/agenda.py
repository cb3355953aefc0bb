"""Handles the lapsed deadline of an agenda point of a review: its start is posted in the thread."""

from __future__ import annotations

from bot.domain import routing
from bot.domain.deadlines import Deadline
from bot.domain.incident import Change, review_agenda
from bot.domain.outcome import Outcome, due, skip
from bot.usecases.unit_of_work import UnitOfWork


async def handle(work: UnitOfWork, deadline: Deadline) -> Outcome:
    """Post the current point. Points that passed while the bot was away are left out."""
    change = Change(review_agenda.mark_announced(work.incident, work.now))
    point = review_agenda.current_point(work.incident, work.now)
    if point is None:
        return skip(change, deadline.dedup_key, "the meeting was over")
    outcome = due(change, deadline.dedup_key, deadline.reason)
    notice = routing.review_point(work.incident.number, point.number, deadline.dedup_key)
    return Outcome(outcome.change, (notice,), outcome.ledger)
