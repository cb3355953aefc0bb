"""Suggests when a review takes place: in the working hours of those who took part, and before it is due."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from bot.domain.values.working_hours import WORKING_HOURS

STEP = timedelta(minutes=30)
AHEAD = timedelta(hours=2)  # nobody is called to a meeting at once
LOOKED_AHEAD = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A time for the meeting, and how many of the people would be outside their working hours then."""

    at: datetime
    outside: int


def suggest(now: datetime, due_at: datetime | None, length: timedelta, zones: Sequence[tzinfo]) -> Suggestion:
    """The best time of the next two weeks for people in these time zones, of which there is at least one.

    As few as possible are outside their hours; it ends before the review is due, unless most could not come; it is
    not today, unless it has to be; and it is soon.
    """
    first = _next_step(now + AHEAD)
    starts = [first + count * STEP for count in range(LOOKED_AHEAD // STEP)]
    today = now.astimezone(zones[0]).date()

    def rank(at: datetime) -> tuple[bool, bool, int, bool, datetime]:
        outside = sum(not _at_work(at, length, zone) for zone in zones)
        late = due_at is not None and at + length > due_at
        return outside * 2 > len(zones), late, outside, at.astimezone(zones[0]).date() == today, at

    best = min(starts, key=rank)
    return Suggestion(best, rank(best)[2])


def _next_step(at: datetime) -> datetime:
    seconds = STEP.total_seconds()
    return at + timedelta(seconds=-at.timestamp() % seconds)


def _at_work(at: datetime, length: timedelta, zone: tzinfo) -> bool:
    """Whether the whole meeting is within working hours there. One that ends as they end is."""
    begins, ends = at.astimezone(zone), (at + length - timedelta(seconds=1)).astimezone(zone)
    return begins.weekday() < 5 and begins.hour in WORKING_HOURS and ends.hour in WORKING_HOURS
