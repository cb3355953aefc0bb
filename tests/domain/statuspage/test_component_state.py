from __future__ import annotations

import pytest

from bot.domain.errors import Refused
from bot.domain.statuspage.component_state import ComponentState as S
from bot.domain.statuspage.component_state import indicator, parse_state, state_of_severity, worst


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        ([], S.OPERATIONAL),
        ([S.UNDER_MAINTENANCE, S.DEGRADED_PERFORMANCE], S.DEGRADED_PERFORMANCE),
        ([S.PARTIAL_OUTAGE, S.MAJOR_OUTAGE, S.OPERATIONAL], S.MAJOR_OUTAGE),
        ([S.UNDER_MAINTENANCE, S.OPERATIONAL], S.UNDER_MAINTENANCE),
    ],
)
def test_the_worst_state_counts_and_maintenance_is_better_than_degraded(states: list[S], expected: S) -> None:
    assert worst(states) is expected


def test_each_severity_proposes_the_state_of_document_001() -> None:
    assert [state_of_severity(rank) for rank in range(6)] == [
        S.MAJOR_OUTAGE, S.PARTIAL_OUTAGE, S.DEGRADED_PERFORMANCE, S.DEGRADED_PERFORMANCE, S.OPERATIONAL, S.OPERATIONAL,
    ]  # fmt: skip


def test_the_indicator_is_statuspages() -> None:
    assert [indicator(state) for state in S] == ["none", "maintenance", "minor", "major", "critical"]


@pytest.mark.parametrize("text", ["major_outage", "Major outage", "major", "MAJOR-OUTAGE"])
def test_a_state_is_read_as_people_write_it(text: str) -> None:
    assert parse_state(text) is S.MAJOR_OUTAGE


def test_an_unknown_state_is_refused_with_the_list() -> None:
    with pytest.raises(Refused, match="partial_outage"):
        parse_state("on fire")
