"""Durations as people write them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.domain.errors import Refused
from bot.domain.values.durations import BusinessDays, add, approximate, exact, parse_duration, parse_span


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("10s", 10),
        ("15m", 900),
        ("2h", 7200),
        ("1d", 86400),
        ("1h30m", 5400),
        ("1.5h", 5400),
        ("2 hours", 7200),
        ("90 min", 5400),
    ],
)
def test_people_write_durations_in_many_ways(text: str, seconds: int) -> None:
    assert parse_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "soon", "15", "-5m", "0m", "15x", "1bd", "99999d", "1e9h", "m15"])
def test_an_invalid_duration_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(Refused) as refused:
        parse_duration(text)
    assert refused.value.example


def test_business_days_skip_the_weekend_and_keep_the_time() -> None:
    friday = datetime(2026, 3, 6, 17, 30, tzinfo=UTC)
    assert add(friday, BusinessDays(1), UTC) == datetime(2026, 3, 9, 17, 30, tzinfo=UTC)
    assert parse_span("2bd") == BusinessDays(2)


@pytest.mark.parametrize("text", ["401bd", "9" * 5000 + "bd", "1000000 business days"])
def test_business_days_have_a_limit_like_other_durations(text: str) -> None:
    with pytest.raises(Refused, match="is longer than 400 days"):
        parse_span(text)
    assert parse_span("0" * 5000 + "400bd") == BusinessDays(400)


@pytest.mark.parametrize(
    ("zone", "since", "due"),
    [
        ("America/Los_Angeles", "2026-03-27 17:30", "2026-03-30 17:30"),  # in UTC it is Saturday already
        ("Europe/Berlin", "2026-03-27 17:00", "2026-03-30 17:00"),  # the clocks go forward in between
        ("Asia/Tokyo", "2026-03-28 08:00", "2026-03-30 08:00"),  # in UTC it is still Friday
    ],
)
def test_business_days_are_those_of_the_time_zone(zone: str, since: str, due: str) -> None:
    begin, end = (datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC) for text in (since, due))
    assert add(begin, BusinessDays(1), ZoneInfo(zone)) == end


@pytest.mark.parametrize(
    ("seconds", "words"), [(0, "0s"), (45, "45s"), (5400, "1h30m"), (86400, "1d"), (90061, "1d1h1m1s")]
)
def test_durations_are_written_exactly(seconds: int, words: str) -> None:
    assert exact(timedelta(seconds=seconds)) == words


@pytest.mark.parametrize(
    ("seconds", "words"), [(12, "12s"), (150, "2m"), (3660, "1h01m"), (7200, "2h"), (90000, "1d1h")]
)
def test_ages_are_written_roughly(seconds: int, words: str) -> None:
    assert approximate(timedelta(seconds=seconds)) == words
