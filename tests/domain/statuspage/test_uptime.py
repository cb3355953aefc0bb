from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.domain.policy.status_page_rules import UptimeWeights
from bot.domain.statuspage.component_state import ComponentState as S
from bot.domain.statuspage.publication import Publication
from bot.domain.statuspage.uptime import Uptime, last_days, spans, uptime
from tests.domain.statuspage.factories import NOW, new_publication

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
BERLIN = ZoneInfo("Europe/Berlin")


def ten_days(*publications: Publication, since: datetime = NOW - 100 * DAY, zone: ZoneInfo = BERLIN) -> Uptime:
    return uptime(publications, "api", last_days(10, NOW, zone), since, NOW, zone, UptimeWeights())


def test_where_publications_overlap_the_worse_state_counts_once() -> None:
    long, short = (
        new_publication(5 * HOUR, HOUR, api=S.PARTIAL_OUTAGE),
        new_publication(3 * HOUR, 2 * HOUR, api=S.MAJOR_OUTAGE),
    )
    assert [(span.ends_at - span.starts_at, span.state) for span in spans([long, short], "api", NOW)] == [
        (2 * HOUR, S.PARTIAL_OUTAGE), (HOUR, S.MAJOR_OUTAGE), (HOUR, S.PARTIAL_OUTAGE),
    ]  # fmt: skip


def test_uptime_weighs_states_by_the_printed_formula() -> None:
    outage = new_publication(6 * HOUR, 5 * HOUR, api=S.MAJOR_OUTAGE)
    partly = new_publication(4 * HOUR, 3 * HOUR, api=S.PARTIAL_OUTAGE)
    slow = new_publication(2 * HOUR, HOUR, api=S.DEGRADED_PERFORMANCE)
    since = NOW - 100 * HOUR
    made = ten_days(outage, partly, slow, since=since)
    assert made.share == pytest.approx(1 - 1.3 / 100)


def test_an_incident_of_other_components_changes_nothing() -> None:
    assert ten_days(new_publication(6 * HOUR, chat=S.MAJOR_OUTAGE)).share == 1


def test_an_incident_that_goes_on_counts_until_now() -> None:
    made = ten_days(new_publication(HOUR, api=S.MAJOR_OUTAGE), since=NOW - 10 * HOUR)
    assert made.share == pytest.approx(0.9)


def test_days_are_those_of_the_pages_time_zone_on_a_day_of_23_hours() -> None:
    # In Berlin the clocks go forward on 29 March 2026 at 01:00 UTC; the day begins at 23:00 UTC the evening before.
    at = datetime(2026, 3, 28, 22, 30, tzinfo=UTC)
    made = ten_days(new_publication(NOW - at, NOW - at - HOUR, api=S.MAJOR_OUTAGE))
    half = timedelta(minutes=30)
    assert [(day.day.day, day.spent) for day in made.days[-2:]] == [
        (28, {S.MAJOR_OUTAGE: half}), (29, {S.MAJOR_OUTAGE: half}),
    ]  # fmt: skip


def test_days_before_the_record_are_not_counted_as_up() -> None:
    made = ten_days(since=NOW - 2 * DAY)
    assert [day.recorded for day in made.days] == [False] * 7 + [True] * 3
    assert ten_days(since=NOW).share is None
