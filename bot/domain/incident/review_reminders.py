"""Decides when the facilitator of a review is reminded.

Halfway to its day if it is not scheduled, on the day, then daily and weekly.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from bot.domain.incident.state import Incident, ReviewState

DAY = timedelta(days=1)
DAILY = 3  # reminders after the day, before they become weekly
MOST = 12


def next_at(incident: Incident) -> datetime | None:
    """When the next reminder is due. None for a review that is completed or has no day, and after `MOST` reminders."""
    review = incident.review
    if review is None or review.due_at is None or review.state in (ReviewState.COMPLETED, ReviewState.PUBLISHED):
        return None
    if review.reminders >= MOST:
        return None
    due_at = max(review.due_at, review.scheduled_at + DAY) if review.scheduled_at else review.due_at
    if review.reminders == 0 and review.scheduled_at is None:
        return review.opened_at + (due_at - review.opened_at) / 2
    after = review.reminders - (0 if review.scheduled_at and review.reminders == 0 else 1)
    days = after if after <= DAILY else DAILY + (after - DAILY) * 7
    return due_at + days * DAY


def reminded(incident: Incident) -> Incident:
    """The incident after one more reminder of its review."""
    if incident.review is None:
        return incident
    return replace(incident, review=replace(incident.review, reminders=incident.review.reminders + 1))
