"""Decides when the facilitator of a review is reminded.

Halfway to its day if it is not scheduled, on the day, then daily and weekly; in working hours, and once a day at most.
Days that passed while the bot was down count as one reminder.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta, tzinfo
from itertools import islice

from bot.domain.incident.state import Incident, Review, ReviewState
from bot.domain.values.working_hours import until_working_hours

DAY = timedelta(days=1)
DAILY = 3  # reminders after the day, before they become weekly
MOST = 12
_LOOKED_THROUGH = 400  # occasions: years of weeks


def next_at(incident: Incident, zone: tzinfo) -> datetime | None:
    """When the next reminder is due. None for a review that is completed or has no day, and after `MOST` reminders."""
    review = incident.review
    if review is None or review.due_at is None or review.state in (ReviewState.COMPLETED, ReviewState.PUBLISHED):
        return None
    if review.reminders >= MOST:
        return None
    instants = (
        in_working_hours(instant, zone) for instant in islice(_occasions(review, review.due_at), _LOOKED_THROUGH)
    )
    if review.reminded_at is None:  # not yet, or by an earlier version, which only counted; the first is to schedule it
        passed = review.reminders if review.scheduled_at is None else max(0, review.reminders - 1)
        return next(islice(instants, passed, None))
    last = review.reminded_at.astimezone(zone).date()
    return next((instant for instant in instants if instant.astimezone(zone).date() > last), None)


def count_reminder(incident: Incident, now: datetime, zone: tzinfo) -> Incident:
    """The incident after one more reminder of its review, which goes out now or as the next working hours begin."""
    if incident.review is None:
        return incident
    review = replace(
        incident.review, reminders=incident.review.reminders + 1, reminded_at=in_working_hours(now, zone)
    )  # fmt: skip
    return replace(incident, review=review)


def reason(review: Review, at: datetime, zone: tzinfo) -> str:
    """Why the facilitator is reminded at this time, in the words of the ledger."""
    scheduled = review.scheduled_at is not None
    if review.due_at is None or at < review.due_at:
        return "the review is to be completed" if scheduled else "the review is not scheduled"
    late = at.astimezone(zone).date() > in_working_hours(review.due_at, zone).astimezone(zone).date()
    return f"the review is {'overdue' if late else 'due'}{'' if scheduled else ', and not scheduled'}"


def over(incident: Incident) -> str | None:
    """Why nobody is reminded of the review any more, as a sentence. None while somebody owes it."""
    review = incident.review
    if review is None or review.state in (ReviewState.COMPLETED, ReviewState.PUBLISHED):
        return "Done: the review is completed."
    return f"The incident is {incident.status}." if incident.open else None


def outcome(before: Incident, after: Incident) -> str | None:
    """The sentence that says how a change settled the latest reminder. None if it still applies, or did not before."""
    if before.review is None or after.review is None or over(before) is not None:
        return None
    if after.review.scheduled > before.review.scheduled:
        return "Done: the review is scheduled."
    return over(after)


def in_working_hours(instant: datetime, zone: tzinfo) -> datetime:
    """The instant itself, or the begin of the next working hours."""
    return instant + until_working_hours(instant, instant.astimezone(zone).date(), zone)


def _occasions(review: Review, due_at: datetime) -> Iterator[datetime]:
    """When the review is to be mentioned, whatever the hour, without an end."""
    if review.scheduled_at is None:
        yield review.opened_at + (due_at - review.opened_at) / 2
    else:
        due_at = max(due_at, review.scheduled_at + DAY)
    for day in range(DAILY + 1):
        yield due_at + day * DAY
    while True:
        due_at += 7 * DAY
        yield due_at + DAILY * DAY
