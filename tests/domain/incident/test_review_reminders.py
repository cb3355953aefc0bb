from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from bot.domain import incident as verbs
from bot.domain.deadlines import plan
from bot.domain.incident import Incident, Review, ReviewState, review_reminders
from bot.domain.review import lifecycle
from tests.factories import ADA, BEN, FIVE, NOW, declared

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ENDED = verbs.resolve(declared(), BEN, NOW, summary="Rolled back").incident
OPENED = replace(ENDED, review=Review(NOW, ADA, due_at=NOW + 48 * HOUR))


def reminders(incident: Incident, count: int) -> list[datetime | None]:
    found = []
    for _ in range(count):
        found.append(review_reminders.next_at(incident))
        incident = review_reminders.reminded(incident)
    return found


def test_a_review_that_nobody_schedules_is_reminded_of_halfway_then_on_its_day_then_daily_then_weekly() -> None:
    due = NOW + 48 * HOUR
    expected = [NOW + 24 * HOUR, due, due + DAY, due + 2 * DAY, due + 3 * DAY, due + 10 * DAY]
    assert reminders(OPENED, 6) == expected


def test_a_scheduled_review_is_reminded_of_the_day_after_it_was_to_take_place() -> None:
    assert OPENED.review is not None
    later = replace(OPENED.review, state=ReviewState.SCHEDULED, scheduled_at=NOW + 72 * HOUR, scheduled=1)
    assert reminders(replace(OPENED, review=later), 1) == [NOW + 96 * HOUR]


def test_a_review_that_is_scheduled_before_its_day_is_reminded_of_once_on_it() -> None:
    due = NOW + 48 * HOUR
    scheduled = lifecycle.schedule(OPENED, NOW + 3 * HOUR, None, ADA, FIVE, NOW + HOUR).incident
    assert reminders(scheduled, 3) == [due, due + DAY, due + 2 * DAY]
    moved = lifecycle.schedule(scheduled, NOW + 4 * HOUR, None, ADA, FIVE, NOW + 2 * HOUR)
    assert moved.entries[0].text.startswith("moved the review to ")
    assert reminders(moved.incident, 2) == [due, due + DAY]


def test_a_completed_review_and_one_without_a_day_are_not_reminded_of() -> None:
    assert OPENED.review is not None
    done = replace(OPENED, review=replace(OPENED.review, state=ReviewState.COMPLETED))
    assert plan(done, FIVE) == plan(replace(OPENED, review=Review(NOW, ADA)), FIVE) == plan(ENDED, FIVE) == ()


def test_the_deadline_of_a_review_is_in_working_hours() -> None:
    (deadline,) = plan(OPENED, FIVE)
    assert deadline.kind == "review"
    assert (deadline.due_at.hour, deadline.due_at.minute) == (9, 0)  # halfway is at 03:04
