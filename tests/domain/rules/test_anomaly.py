"""The methods of the anomaly condition, on generated series. tests/benchmarks/anomalies measures them at length."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

import pytest

from bot.domain.policy.alerting_rules import Anomaly, Direction, Method
from bot.domain.rules.anomaly import Baseline, judge, needs
from bot.domain.rules.conditions import evaluate
from bot.domain.rules.series import Need
from tests.benchmarks.anomalies import Score, measured
from tests.domain.rules.making import AT, read, rule, series


def noisy(count: int, last: float, seed: int = 7) -> list[float]:
    rng = random.Random(seed)
    return [100 + rng.gauss(0, 5) for _ in range(count)] + [last]


@pytest.mark.parametrize("method", [Method.ROBUST, Method.ZSCORE])
@pytest.mark.parametrize(
    ("last", "how", "holds"),
    [
        (150, {}, True), (50, {}, True), (105, {}, False),
        (150, {"direction": Direction.DOWN}, False), (50, {"direction": Direction.DOWN}, True),
        (50, {"direction": Direction.UP}, False), (150, {"floor": 60}, False), (150, {"sensitivity": 20}, False),
    ],
)  # fmt: skip
def test_a_value_far_from_the_usual_ones_is_an_anomaly(
    method: Method, last: float, how: dict[str, Any], holds: bool
) -> None:
    readings = read(Anomaly("q", method=method, **how), series(noisy(1500, last), step=60))
    assert bool(readings.holding) is holds


def test_a_spike_is_not_in_its_own_baseline() -> None:
    """It has lasted for a quarter of an hour, and the offset is half an hour."""
    values = [*noisy(1500, 100), *[160.0] * 15]
    assert read(Anomaly("q", method=Method.ZSCORE), series(values, step=60)).holding


def test_an_outage_in_the_training_span_does_not_widen_what_is_usual() -> None:
    """A tenth of the day at zero: the median hardly moves, the mean and the standard deviation do."""
    values = noisy(1500, 140)
    values[200:340] = [0.0] * 140
    assert read(Anomaly("q", method=Method.ROBUST), series(values, step=60)).holding
    assert not read(Anomaly("q", method=Method.ZSCORE), series(values, step=60)).holding


def test_a_rule_with_too_little_history_is_unknown() -> None:
    readings = read(Anomaly("q", Method.ROBUST), series(noisy(50, 500), step=60))
    assert readings.unknown == "its history has 21 of 30 samples"


def test_a_series_that_never_changes_is_left_alone_until_it_does() -> None:
    assert not read(Anomaly("q", Method.ROBUST), series([5.0] * 1500, step=60)).holding
    assert read(Anomaly("q", Method.ROBUST), series([*[5.0] * 1500, 6.0], step=60)).holding
    assert not read(Anomaly("q", Method.ROBUST, floor=2), series([*[5.0] * 1500, 6.0], step=60)).holding


def test_a_count_that_is_mostly_zero_is_an_anomaly_only_if_it_is_far_off() -> None:
    values = [1.0 if place % 10 == 0 else 0.0 for place in range(1500)]
    assert not read(Anomaly("q", Method.ROBUST), series([*values, 0.0], step=60)).holding
    assert read(Anomaly("q", Method.ROBUST), series([*values, 9.0], step=60)).holding


def test_the_reason_says_what_is_usual() -> None:
    (reading,) = read(
        Anomaly("q", Method.ROBUST, metric="queue"), series([*[5.0] * 1500, 60.0], step=60)
    ).holding.values()
    assert reading.summary == "queue is 60, usual is 5"


def test_a_deviation_is_measured_in_usual_ones() -> None:
    assert judge(18.0, Baseline(10.0, 2.0, 99), Anomaly("q", Method.ROBUST)).score == 4.0
    assert not judge(
        18.0, Baseline(10.0, 2.0, 99), Anomaly("q", Method.ROBUST)
    ).anomalous  # sensitivity 4 is not exceeded


def test_a_history_is_read_once_for_several_evaluations() -> None:
    _, history = needs(Anomaly("q", Method.ROBUST))
    assert {history.span(AT + offset) for offset in range(0, 300, 30)} == {history.span(AT)}
    assert history.span(AT + 300) != history.span(AT)


def test_the_weeks_before_are_read_on_the_same_grid() -> None:
    _, recent, *past = needs(Anomaly("q", method=Method.SEASONAL))
    first, _ = recent.span(AT)
    assert len(past) == 4
    for week, need in enumerate(past, start=1):
        start, end = need.span(AT)
        assert (first - week * 7 * 86_400 - start) % 300 == 0
        assert end >= AT - week * 7 * 86_400 + 1800


def test_what_is_smoothed_is_smoothed_in_its_history_as_well() -> None:
    queries = {need.query for need in needs(Anomaly("rate(x[1m])", over=timedelta(minutes=5)))}
    assert queries == {"avg_over_time((rate(x[1m]))[300s:15s])"}


def test_before_there_is_a_week_of_history_the_seasonal_method_is_the_robust_one() -> None:
    values = [*[5.0, 6.0] * 200, 60.0]
    assert read(Anomaly("q", Method.SEASONAL), series(values, step=300)).holding
    assert not read(Anomaly("q", Method.SEASONAL), series([*values[:-1], 6.0], step=300)).holding


def test_series_are_told_apart_by_their_labels() -> None:
    present, history = needs(Anomaly("q", Method.ROBUST))
    steady, high = series([5.0] * 1500, step=60, job="a"), series([900.0] * 1500, step=60, job="b")
    data: dict[Need, Any] = {present: [series([5.0], job="a"), series([5.0], job="b")], history: [high, steady]}
    assert list(evaluate(rule(Anomaly("q", Method.ROBUST)), data, AT).holding) == [(("job", "b"),)]


@pytest.mark.parametrize("seed", [3, 1003], ids=["fixed", "held out"])
def test_the_seasonal_method_finds_what_was_put_into_a_metric_and_little_else(seed: int) -> None:
    result: Score = measured(Method.SEASONAL, range(seed, seed + 1), weeks=1)
    assert result.recall == 1.0
    assert result.false_per_week <= 1
