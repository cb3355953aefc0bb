from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.domain.review.meeting import Suggestion, suggest

BERLIN, NEW_YORK, TOKYO = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York"), ZoneInfo("Asia/Tokyo")
LENGTH = timedelta(minutes=80)
MONDAY, FRIDAY = datetime(2026, 1, 5, 9, 56, tzinfo=UTC), datetime(2026, 1, 9, 15, 30, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("now", "due", "zones", "expected"),
    [
        (
            MONDAY,
            None,
            [UTC],
            Suggestion(datetime(2026, 1, 6, 9, tzinfo=UTC), 0),
        ),  # tomorrow, early
        (MONDAY, MONDAY + DAY, [UTC], Suggestion(datetime(2026, 1, 5, 12, tzinfo=UTC), 0)),  # it has to be today
        (MONDAY, MONDAY + 2 * DAY, [UTC], Suggestion(datetime(2026, 1, 6, 9, tzinfo=UTC), 0)),
        (MONDAY, None, [BERLIN, NEW_YORK], Suggestion(datetime(2026, 1, 6, 14, tzinfo=UTC), 0)),  # 15:00 and 9:00
        (
            FRIDAY,
            FRIDAY + DAY,
            [UTC],
            Suggestion(datetime(2026, 1, 12, 9, tzinfo=UTC), 0),
        ),  # a weekend
        (
            MONDAY,
            None,
            [TOKYO, BERLIN, BERLIN],
            Suggestion(datetime(2026, 1, 6, 8, tzinfo=UTC), 1),
        ),  # none suits all
    ],
)
def test_a_suggested_time_is_within_the_hours_of_as_many_as_can_be_and_before_the_review_is_due(
    now: datetime, due: datetime | None, zones: list[ZoneInfo], expected: Suggestion
) -> None:
    assert suggest(now, due, LENGTH, zones) == expected
