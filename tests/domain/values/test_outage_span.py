"""Messages that waited for the end of an outage, and messages that were posted after it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bot.domain.values.outage_span import OutageSpan

BEGAN = datetime(2026, 3, 1, 12, tzinfo=UTC)
SPAN = OutageSpan(BEGAN, BEGAN + timedelta(hours=4), BEGAN, BEGAN + timedelta(hours=4))


@pytest.mark.parametrize(
    ("minutes", "after"),
    [(-1, False), (0, False), (0.5, False), (239, True), (240, True), (300, True)],
)
def test_a_message_was_posted_after_an_outage_whatever_the_difference_of_the_clocks(
    minutes: float, after: bool
) -> None:
    assert SPAN.is_after((BEGAN + timedelta(minutes=minutes)).timestamp()) is after


def test_what_was_written_just_before_an_outage_waited_for_its_end() -> None:
    assert SPAN.waited(BEGAN - timedelta(seconds=50))
    assert SPAN.waited(BEGAN + timedelta(hours=4))
    assert not SPAN.waited(BEGAN - timedelta(minutes=2))
    assert not SPAN.waited(BEGAN + timedelta(hours=4, seconds=1))
