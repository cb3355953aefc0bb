"""The period and the split of `/incident metrics` are read as people write them."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from bot.domain.figures.selection import Selection
from bot.slack.commands.parse import parse
from bot.slack.commands.request import BadRequest, Request
from tests.factories import FIVE

MONTH = timedelta(days=30)
QUARTER = (date(2026, 1, 1), date(2026, 3, 31))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("metrics", Request("metrics", scope="severity", span=timedelta(days=30))),
        ("metrics 90d by services", Request("metrics", scope="service", span=timedelta(days=90))),
        ("metrics category 7d", Request("metrics", scope="category", span=timedelta(days=7))),
        ("metrics sev1", Request("metrics", scope="severity", selection=Selection(severity="sev1"), span=MONTH)),
        (
            "metrics severity sev1 7d service",
            Request("metrics", scope="service", selection=Selection(severity="sev1"), span=timedelta(days=7)),
        ),
        (
            "metrics service Pay Gateway",
            Request("metrics", scope="severity", selection=Selection(service="Pay Gateway"), span=MONTH),
        ),
        ("metrics 30d team", Request("metrics", scope="team", span=MONTH)),
        ("metrics load 7d", Request("metrics", scope="load", span=timedelta(days=7))),
        ("metrics 2026-01-01 to 2026-03-31", Request("metrics", scope="severity", days=QUARTER)),
    ],
)
def test_a_period_and_a_split_are_read(text: str, expected: Request) -> None:
    assert parse(text, FIVE) == expected


@pytest.mark.parametrize(
    "rest", ["purple", "2026-01-01", "2026-13-01 2026-12-01", "2026-03-01 2026-01-01", "7d 8d", "severity sev9"]
)
def test_what_is_no_period_is_answered_with_an_example(rest: str) -> None:
    assert isinstance(parse(f"metrics {rest}", FIVE), BadRequest)
