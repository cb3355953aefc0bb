"""The period whose figures are asked for, as it is written on the command line."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.domain.errors import Refused
from bot.domain.figures.period import parse_period
from bot.domain.figures.report import Period

NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("since", "until", "start", "end"),
    [
        ("30d", None, NOW - timedelta(days=30), NOW),
        ("2026-01-01", None, datetime(2025, 12, 31, 23, tzinfo=UTC), NOW),
        ("2026-01-01", "2026-03-31", datetime(2025, 12, 31, 23, tzinfo=UTC), datetime(2026, 3, 31, 22, tzinfo=UTC)),
        ("2026-06-15", "2026-06-15", datetime(2026, 6, 14, 22, tzinfo=UTC), NOW),  # as far as it has passed
        ("7d", "2026-03-31T18:00Z", datetime(2026, 3, 24, 18, tzinfo=UTC), datetime(2026, 3, 31, 18, tzinfo=UTC)),
        ("2026-03-01T08:00", "2026-04-01T08:00+00:00", datetime(2026, 3, 1, 7, tzinfo=UTC),
         datetime(2026, 4, 1, 8, tzinfo=UTC)),
    ],
)  # fmt: skip
def test_days_count_whole_in_the_zone(since: str, until: str | None, start: datetime, end: datetime) -> None:
    assert parse_period(since, until, NOW, BERLIN) == Period(start, end)


@pytest.mark.parametrize(
    ("since", "until"),
    [("2026-07-01", None), ("2026-03-31", "2026-01-01"), ("2026-01-01", "someday"), ("someday", None), ("30d", "7d")],
)
def test_a_period_that_cannot_be_is_refused(since: str, until: str | None) -> None:
    with pytest.raises(Refused):
        parse_period(since, until, NOW, BERLIN)
