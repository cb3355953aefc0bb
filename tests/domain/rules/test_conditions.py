"""Each kind of condition, on series."""

from __future__ import annotations

import pytest

from bot.domain.policy.alerting_rules import (
    Absence,
    Aggregation,
    Composite,
    Operator,
    RateOfChange,
    Threshold,
    When,
)
from bot.domain.rules.conditions import evaluate, needs_of
from bot.domain.rules.series import Need
from tests.domain.rules.making import AT, read, rule, seconds, series


@pytest.mark.parametrize(
    ("op", "value", "holds"),
    [
        (Operator.GT, 5, False), (Operator.GT, 4.9, True), (Operator.GTE, 5, True), (Operator.GTE, 5.1, False),
        (Operator.LT, 5, False), (Operator.LT, 5.1, True), (Operator.LTE, 5, True), (Operator.LTE, 4.9, False),
        (Operator.EQ, 5, True), (Operator.EQ, 4, False),
    ],
)  # fmt: skip
def test_a_threshold_compares_the_value_at_the_instant(op: Operator, value: float, holds: bool) -> None:
    readings = read(Threshold("q", op, value), series([9, 5]))
    assert [reading.holds for reading in readings.by_series.values()] == [holds]


@pytest.mark.parametrize(
    ("aggregation", "value"),
    [
        (Aggregation.AVG, 3.0), (Aggregation.MAX, 6.0), (Aggregation.MIN, 1.0), (Aggregation.SUM, 15.0),
        (Aggregation.COUNT, 5.0), (Aggregation.LAST, 6.0),
    ],
)  # fmt: skip
def test_a_span_becomes_one_value(aggregation: Aggregation, value: float) -> None:
    condition = Threshold("q", Operator.GT, 0, seconds(60), aggregation)
    (reading,) = read(condition, series([100, 1, 2, 3, 3, 6])).by_series.values()  # a minute is five samples
    assert reading.value == value


def test_a_value_that_is_older_than_the_instant_counts_for_nothing() -> None:
    assert read(Threshold("q", Operator.GT, 0), series([1], end=AT - 60)).by_series == {}


def test_each_series_is_read_by_itself() -> None:
    readings = read(Threshold("q", Operator.GT, 0.5, metric="errors"), series([1], job="a"), series([0], job="b"))
    assert list(readings.holding) == [(("job", "a"),)]
    assert readings.holding[("job", "a"),].summary == "errors is 1 (> 0.5)"


@pytest.mark.parametrize(
    ("then", "now", "by", "percent", "holds"),
    [
        (100, 49, -50, True, True), (100, 51, -50, True, False), (100, 150, -50, True, False),
        (100, 151, 50, True, True), (100, 149, 50, True, False), (-100, -40, 50, True, True),
        (0, 10, 50, True, None), (0, 10, 10, False, True), (0, 9, 10, False, False), (20, 9, -10, False, True),
    ],
)  # fmt: skip
def test_a_change_is_measured_against_the_value_then(
    then: float, now: float, by: float, percent: bool, holds: bool | None
) -> None:
    condition = RateOfChange("q", seconds(600), by, percent)
    found = read(condition, series([then, now], step=600)).by_series.values()
    assert [reading.holds for reading in found] == ([] if holds is None else [holds])


def test_a_query_without_result_is_absent() -> None:
    assert read(Absence("up")).holding[()].summary == "up has no result"
    assert not read(Absence("up"), series([0])).holding


def test_a_query_is_absent_over_a_span_if_it_had_no_result_in_all_of_it() -> None:
    assert not read(Absence("up", seconds(300)), series([1], end=AT - 240)).holding
    assert read(Absence("up", seconds(300)), series([1], end=AT - 360)).holding


HIGH, LOW = Threshold("high", Operator.GT, 10), Threshold("low", Operator.LT, 1)


def both(when: When, high: list[tuple[float, dict[str, str]]], low: list[tuple[float, dict[str, str]]]) -> list[object]:
    tried = rule(Composite(when, (HIGH, LOW)))
    data = {
        Need("high", 0.0, 0.0, 1.0): [series([value], **labels) for value, labels in high],  # type: ignore[arg-type]
        Need("low", 0.0, 0.0, 1.0): [series([value], **labels) for value, labels in low],  # type: ignore[arg-type]
    }
    assert set(needs_of(tried)) == set(data)
    return [dict(labels) for labels in evaluate(tried, data, AT).holding]


A, B = {"job": "a"}, {"job": "b"}


def test_all_holds_where_every_condition_holds_for_equal_labels() -> None:
    assert both(When.ALL, [(11, A), (11, B)], [(0, B), (0, A)]) == [A, B]
    assert both(When.ALL, [(11, A), (11, B)], [(0, B), (2, A)]) == [B]
    assert both(When.ALL, [(11, A)], [(0, B)]) == []
    assert both(When.ALL, [(11, A)], []) == []


def test_a_condition_without_labels_goes_with_every_series() -> None:
    assert both(When.ALL, [(11, A), (11, B), (9, {"job": "c"})], [(0, {})]) == [A, B]
    assert both(When.ALL, [(11, {})], [(0, {})]) == [{}]
    assert both(When.ALL, [(11, A)], [(5, {})]) == []


def test_any_holds_where_one_condition_holds() -> None:
    assert both(When.ANY, [(11, A), (9, B)], [(0, B)]) == [A, B]
    assert both(When.ANY, [(9, A)], [(3, A)]) == []
