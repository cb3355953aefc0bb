"""Handles the lapsed deadline of a review: the facilitator is reminded in the channel."""

from __future__ import annotations

from bot.domain import routing
from bot.domain.deadlines import Deadline
from bot.domain.incident import Change, review_reminders
from bot.domain.outcome import Outcome, due
from bot.domain.timeline.entry import BOT, entry
from bot.usecases.unit_of_work import UnitOfWork


async def handle(work: UnitOfWork, deadline: Deadline) -> Outcome:
    """Remind, and plan the next reminder with the same change."""
    incident = review_reminders.count_reminder(work.incident, work.now, work.policy.zone)
    record = entry(work.now, "reminder", BOT, deadline.reason, of="review", deadline=deadline.dedup_key)
    outcome = due(Change(incident, (record,)), deadline.dedup_key, deadline.reason)
    return Outcome(outcome.change, (routing.review_reminder(incident.number, deadline.dedup_key),), outcome.ledger)
