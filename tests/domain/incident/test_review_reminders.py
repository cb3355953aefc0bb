from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bot.domain import incident as verbs
from bot.domain.deadlines import plan
from bot.domain.incident import Incident, Review, ReviewState, review_reminders
from bot.domain.review import lifecycle
from tests.factories import ADA, BEN, FIVE, NOW, new_incident

HOUR = timedelta(hours=1)
ENDED = verbs.resolve(new_incident(), BEN, NOW, summary="Rolled back").incident
OPENED = replace(ENDED, review=Review(NOW, ADA, due_at=NOW + 48 * HOUR))


def reminders(incident: Incident, count: int, late: timedelta = timedelta()) -> list[str]:
    """When the next reminders go out, each `late` after it is due."""
    found = []
    for _ in range(count):
        at = review_reminders.next_at(incident, UTC)
        assert at is not None
        incident = review_reminders.count_reminder(incident, at + late, UTC)
        assert incident.review is not None
        assert incident.review.reminded_at is not None
        found.append(f"{incident.review.reminded_at:%a %d %H:%M}")
    return found


def test_a_review_that_nobody_schedules_is_reminded_of_halfway_then_on_its_day_then_daily_then_weekly() -> None:
    assert f"{NOW:%a %d %H:%M}" == "Mon 05 03:04"
    expected = ["Tue 06 09:00", "Wed 07 09:00", "Thu 08 09:00", "Fri 09 09:00", "Mon 12 09:00", "Mon 19 09:00"]
    assert reminders(OPENED, 6) == expected


def test_a_weekend_takes_one_reminder_not_one_for_each_day() -> None:
    assert OPENED.review is not None
    friday = replace(OPENED, review=replace(OPENED.review, due_at=datetime(2026, 1, 9, 12, tzinfo=UTC)))
    assert reminders(friday, 4) == ["Wed 07 09:00", "Fri 09 12:00", "Mon 12 09:00", "Mon 19 12:00"]


def test_days_that_passed_while_the_bot_was_down_take_one_reminder_in_working_hours() -> None:
    assert reminders(OPENED, 2, late=timedelta(days=9)) == ["Thu 15 09:00", "Wed 28 09:00"]
    assert reminders(OPENED, 1, late=timedelta(hours=13)) == ["Wed 07 09:00"]


def test_reminders_that_an_earlier_version_only_counted_are_not_repeated() -> None:
    assert OPENED.review is not None
    counted = replace(OPENED, review=replace(OPENED.review, reminders=2))
    assert reminders(counted, 1) == ["Thu 08 09:00"]


def test_a_review_that_is_scheduled_before_its_day_is_reminded_of_once_on_it() -> None:
    scheduled = lifecycle.schedule(OPENED, NOW + 3 * HOUR, None, ADA, FIVE, NOW + HOUR).incident
    assert reminders(scheduled, 3) == ["Wed 07 09:00", "Thu 08 09:00", "Fri 09 09:00"]
    moved = lifecycle.schedule(scheduled, NOW + 4 * HOUR, None, ADA, FIVE, NOW + 2 * HOUR)
    assert moved.entries[0].text.startswith("moved the review to ")
    assert reminders(moved.incident, 2) == ["Wed 07 09:00", "Thu 08 09:00"]


def test_a_scheduled_review_is_reminded_of_the_day_after_it_was_to_take_place() -> None:
    later = lifecycle.schedule(OPENED, NOW + 72 * HOUR, None, ADA, FIVE, NOW + HOUR).incident
    assert reminders(later, 2) == ["Fri 09 09:00", "Mon 12 09:00"]


def test_a_completed_review_and_one_without_a_day_are_not_reminded_of() -> None:
    assert OPENED.review is not None
    done = replace(OPENED, review=replace(OPENED.review, state=ReviewState.COMPLETED))
    assert plan(done, FIVE) == plan(replace(OPENED, review=Review(NOW, ADA)), FIVE) == plan(ENDED, FIVE) == ()


def test_the_deadline_of_a_review_is_in_working_hours() -> None:
    (deadline,) = plan(OPENED, FIVE)
    assert deadline.kind == "review"
    assert (deadline.due_at.hour, deadline.due_at.minute) == (9, 0)  # halfway is at 03:04


def test_completing_or_scheduling_a_review_or_reopening_its_incident_settles_the_latest_reminder() -> None:
    reminded = review_reminders.count_reminder(OPENED, NOW, UTC)
    scheduled = lifecycle.schedule(reminded, NOW + 3 * HOUR, None, ADA, FIVE, NOW + HOUR).incident
    completed = lifecycle.complete(scheduled, ADA, NOW + HOUR).incident
    reopened = verbs.reopen(reminded, ADA, FIVE, NOW + HOUR, "Errors are back").incident
    assert review_reminders.outcome(OPENED, reminded) is None
    assert review_reminders.outcome(reminded, scheduled) == "Done: the review is scheduled."
    assert review_reminders.outcome(scheduled, completed) == "Done: the review is completed."
    assert review_reminders.outcome(completed, lifecycle.publish(completed, ADA, NOW + HOUR).incident) is None
    assert review_reminders.outcome(reminded, reopened) == "The incident is investigating."


def test_a_reminder_says_whether_the_review_is_not_scheduled_due_or_overdue() -> None:
    assert OPENED.review is not None
    due_at = OPENED.review.due_at
    assert due_at is not None
    reasons = [review_reminders.reason(OPENED.review, due_at + delay, UTC) for delay in (-HOUR, HOUR, 30 * HOUR)]
    assert reasons == [
        "the review is not scheduled",
        "the review is due, and not scheduled",
        "the review is overdue, and not scheduled",
    ]
    scheduled = replace(OPENED.review, scheduled_at=NOW + HOUR)
    assert review_reminders.reason(scheduled, due_at + 30 * HOUR, UTC) == "the review is overdue"
