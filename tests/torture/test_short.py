"""A few fixed nights out of many; `make torture` plays the rest."""

from __future__ import annotations

import pytest

from tests.torture.days import night_of_days
from tests.torture.outages import outage_night
from tests.torture.runs import Laboratory
from tests.torture.schedule import schedule


@pytest.mark.parametrize(("seed", "database", "replicas"), [(5, "sqlite", 1), (7, "postgresql", 2)])
def test_nothing_is_lost_doubled_or_stuck(lab: Laboratory, seed: int, database: str, replicas: int) -> None:
    result = lab.run(schedule(seed, database, replicas))
    assert not result.wrong, str(result)


def test_nothing_is_lost_or_doubled_while_slack_is_dead_for_hours(lab: Laboratory) -> None:
    result = lab.run(outage_night(400, "postgresql", 2))
    assert not result.wrong, str(result)


def test_no_reminder_is_lost_or_doubled_while_weeks_pass(lab: Laboratory) -> None:
    result = lab.run(night_of_days(51, "sqlite", 1))
    assert not result.wrong, str(result)
    assert result.counts["weekly digests"]
