from __future__ import annotations

from datetime import date

import pytest

from bot.domain.errors import Refused
from bot.domain.values.dates import business_days_after, parse_day, required_day

MONDAY = date(2026, 11, 30)


@pytest.mark.parametrize(
    ("words", "day"),
    [
        ("today", date(2026, 11, 30)),
        ("tomorrow", date(2026, 12, 1)),
        ("friday", date(2026, 12, 4)),
        ("Fri", date(2026, 12, 4)),
        ("monday", date(2026, 11, 30)),
        ("next monday", date(2026, 12, 7)),
        ("next week", date(2026, 12, 11)),
        ("end of week", date(2026, 12, 4)),
        ("end of the month", date(2026, 11, 30)),
        ("end of next month", date(2026, 12, 31)),
        ("in 3 days", date(2026, 12, 3)),
        ("in a week", date(2026, 12, 7)),
        ("2w", date(2026, 12, 14)),
        ("in 5 business days", date(2026, 12, 7)),
        ("in 3 months", date(2027, 2, 28)),
        ("4 Dec", date(2026, 12, 4)),
        ("December 4th", date(2026, 12, 4)),
        ("4 january", date(2027, 1, 4)),
        ("29 Feb", date(2028, 2, 29)),
        ("4 Dec 2027", date(2027, 12, 4)),
        ("2026-12-04", date(2026, 12, 4)),
    ],
)
def test_days_that_people_write_become_dates(words: str, day: date) -> None:
    assert required_day(words).resolve(MONDAY) == day


@pytest.mark.parametrize("words", ["webhooks", "the team", "", "2026-13-01", "31 Nov", "hand", "in the queue"])
def test_other_words_name_no_day(words: str) -> None:
    assert parse_day(words) is None


@pytest.mark.parametrize("words", ["2026-11-29", "2019-01-01", "2036-01-01"])
def test_a_day_that_has_passed_or_is_far_off_is_refused(words: str) -> None:
    with pytest.raises(Refused):
        required_day(words).resolve(MONDAY)


@pytest.mark.parametrize(
    ("day", "count", "later"),
    [
        (date(2026, 12, 4), 1, date(2026, 12, 7)),
        (date(2026, 12, 7), -2, date(2026, 12, 3)),
        (date(2026, 12, 6), -2, date(2026, 12, 3)),
        (date(2026, 12, 5), 1, date(2026, 12, 7)),
    ],
)
def test_business_days_leave_weekends_out(day: date, count: int, later: date) -> None:
    assert business_days_after(day, count) == later
