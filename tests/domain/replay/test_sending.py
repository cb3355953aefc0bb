"""Two lists of reminders and pages are compared by kind, rung and time."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bot.domain.replay.sending import Sending, differences, night_pages, pages, sending_of, silent_minutes
from bot.domain.timeline.entry import BOT, entry

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
PAGE = Sending(NOON, "page", 1, ("U1",), ("slack",), "sev1 was declared")


def test_the_same_has_no_differences() -> None:
    assert differences([PAGE], [replace(PAGE, at=NOON + timedelta(seconds=30))]) == []


def test_a_difference_says_what_and_by_how_much() -> None:
    later = replace(PAGE, at=NOON + timedelta(minutes=10), to=("U2",), by=("sms",))
    (row,) = differences([PAGE], [later])
    assert row["difference"] == "10m later; to U2 instead of U1; by sms instead of slack"
    assert [row["difference"] for row in differences([PAGE], [])] == ["would not be sent"]
    assert [row["difference"] for row in differences([], [PAGE])] == ["would be sent as well"]


def test_a_threshold_without_a_rung_is_no_page() -> None:
    assert sending_of(entry(NOON, "escalated", BOT, "Rung 1 reaches nobody: no schedule", rung=1)) is None
    assert sending_of(entry(NOON, "page", BOT, "Rung 1: Tom by SMS, since Slack failed", rung=1)) is None


def test_pages_at_night_are_counted_by_the_clock_of_the_policy() -> None:
    night = replace(PAGE, at=NOON.replace(hour=23))
    assert (pages([PAGE, night]), night_pages([PAGE, night], UTC)) == (2, 1)


def test_silence_is_what_exceeds_the_cadence() -> None:
    marks = [NOON, NOON + timedelta(minutes=10), NOON + timedelta(minutes=40)]
    assert silent_minutes(marks, timedelta(minutes=15)) == 15
    assert silent_minutes(marks, None) == 0
