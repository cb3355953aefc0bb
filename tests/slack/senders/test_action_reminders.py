"""A person gets one reminder of their action items a day, that of the latest day, with all that is theirs."""

from __future__ import annotations

import dataclasses
from datetime import UTC, date, datetime

from bot.domain import routing
from bot.domain.routing.notice import NoticeKind
from bot.slack.senders.actions import why_needless
from storage.outbox.queue import ClaimedNotice
from storage.outbox.reminded import OtherReminder

FRIDAY, MONDAY, TUESDAY = date(2026, 3, 6), date(2026, 3, 9), date(2026, 3, 10)
NOW = datetime(2026, 3, 10, 9, tzinfo=UTC)


def reminder(number: int) -> ClaimedNotice:
    return ClaimedNotice(
        number, "action_reminder", NoticeKind.ACTION_REMINDER, None, {}, "key", attempts=1, uncertain=False,
        redirected=False, first_try_at=NOW, created_at=NOW, deadline=None, fence=1, version=1,
    )  # fmt: skip


def other(number: int, day: date, state: str, told_on: date | None = None) -> OtherReminder:
    return OtherReminder(number, routing.action_reminder("U1", day).dedup_key, state, told_on)


def test_of_two_that_waited_for_the_same_morning_the_later_goes_out() -> None:
    waits = [other(2, TUESDAY, "queued")]
    assert why_needless(reminder(1), waits, "U1", TUESDAY) == "a later reminder has the same items"
    assert why_needless(reminder(1), waits, "U1", MONDAY) is None  # that one is for tomorrow
    assert why_needless(reminder(2), [other(1, MONDAY, "dropped")], "U1", TUESDAY) is None


def test_one_that_comes_after_another_on_the_same_day_is_not_needed() -> None:
    late = [other(1, FRIDAY, "sent", TUESDAY)]
    assert why_needless(reminder(2), late, "U1", TUESDAY) == "they were reminded of all their items today"
    assert why_needless(reminder(2), [other(1, FRIDAY, "sent", FRIDAY)], "U1", TUESDAY) is None


def test_a_later_one_that_slack_refused_replaces_none() -> None:
    assert why_needless(reminder(1), [other(2, TUESDAY, "failed")], "U1", TUESDAY) is None


def test_that_of_tomorrow_is_needed_although_that_of_today_was_queued_after_it() -> None:
    tomorrows = dataclasses.replace(reminder(1), dedup_key=routing.action_reminder("U1", TUESDAY).dedup_key)
    assert why_needless(tomorrows, [other(2, MONDAY, "sent", MONDAY)], "U1", TUESDAY) is None
