"""Computes the baseline of a series, and how far a value deviates from it.

`zscore` compares with mean and standard deviation of the training span, `robust` with its median and median absolute
deviation (MAD, https://en.wikipedia.org/wiki/Median_absolute_deviation). `seasonal` expects what the same time of the
week had in the last four weeks, moved to the present level, and compares with how well that expectation held lately;
before there is a week of history, it is `robust`.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, pstdev

from bot.domain.policy.alerting_rules import Anomaly, Direction, Method
from bot.domain.rules.series import TOLERANCE_S, Labels, Need, Series, sampling_s

WEEK_S = 7 * 86_400.0
WEEKS = 4
SLACK_S = 300.0  # the baseline is computed anew every five minutes
SEASONAL_STEP_S = 300.0
AROUND = 2  # samples before and after the same time of the week that count as well
LOCAL_S = 1800.0  # around the same time of the week, for how much values vary at this hour
MOST_SAMPLES = 1500  # of a training span
SIGMA = 1.4826  # a normal distribution's standard deviation in units of its MAD
MEAN_SIGMA = 1.2533  # … and of its mean absolute deviation


@dataclass(frozen=True, slots=True)
class Baseline:
    """The baseline of a series at an instant: its usual value and scale."""

    centre: float
    scale: float  # the usual deviation, comparable with a standard deviation
    samples: int  # it was found from


@dataclass(frozen=True, slots=True)
class Deviation:
    """The deviation of a value from its baseline."""

    anomalous: bool
    expected: float
    score: float  # deviations in units of the usual one; infinite where none was usual


def sampled_query(condition: Anomaly) -> str:
    """The query of which values and history are read: smoothed over `over` by Prometheus, for both alike."""
    if condition.over is None:
        return condition.query
    over_s = condition.over.total_seconds()
    step = max(1, math.floor(sampling_s(condition.over)))
    return f"{condition.aggregation}_over_time(({condition.query})[{max(1, round(over_s))}s:{step}s])"


def needs(condition: Anomaly) -> list[Need]:
    """The ranges to read: the present value first, then the history for the baseline."""
    query = sampled_query(condition)
    offset_s, training_s = condition.offset.total_seconds(), condition.training.total_seconds()
    present = Need(query, 0.0, 0.0, 1.0)
    if condition.method is not Method.SEASONAL:
        step = max(15.0, float(math.ceil(training_s / MOST_SAMPLES)))
        return [present, Need(query, offset_s + training_s, offset_s, step, _slack(condition))]
    recent = Need(query, offset_s + training_s, offset_s, SEASONAL_STEP_S, _slack(condition))
    past = [
        Need(
            query,
            week * WEEK_S + offset_s + training_s,
            week * WEEK_S - LOCAL_S - AROUND * SEASONAL_STEP_S,
            SEASONAL_STEP_S,
            SLACK_S,
        )
        for week in range(1, WEEKS + 1)
    ]
    return [present, recent, *past]


def _slack(condition: Anomaly) -> float:
    """The greatest age of the history. It never reaches into the offset."""
    return min(SLACK_S, max(15.0, condition.training.total_seconds() / 100))


def align(need: Need, at: float) -> float:
    """The instant for which a kept history counts."""
    return math.floor(at / need.slack_s) * need.slack_s if need.slack_s else at


def judge(value: float, baseline: Baseline, condition: Anomaly) -> Deviation:
    """Compare a value with its baseline, by direction, sensitivity and the smallest difference that matters."""
    difference = value - baseline.centre
    if baseline.scale > 0:
        score = difference / baseline.scale
    else:
        score = math.copysign(math.inf, difference) if difference else 0.0
    anomalous = abs(score) > condition.sensitivity and abs(difference) >= condition.floor
    if condition.direction is Direction.UP:
        anomalous = anomalous and difference > 0
    elif condition.direction is Direction.DOWN:
        anomalous = anomalous and difference < 0
    return Deviation(anomalous, baseline.centre, score)


def baseline(condition: Anomaly, history: Sequence[Sequence[Series]], labels: Labels, at: float) -> Baseline:
    """The usual values at `at` for the series with these labels. `history`: the series of `needs` but the first."""
    if condition.method is Method.SEASONAL:
        return _seasonal(condition, [_with_labels(series, labels) for series in history], at)
    need = needs(condition)[1]
    then = align(need, at)
    series = _with_labels(history[0], labels)
    values = list(series.between(then - need.begins_s, then - need.ends_s)) if series else []
    if not values:
        return Baseline(0.0, 0.0, 0)
    if condition.method is Method.ZSCORE:
        return Baseline(fmean(values), pstdev(values), len(values))
    return Baseline(*centre_and_scale(values), len(values))


def centre_and_scale(values: Sequence[float]) -> tuple[float, float]:
    """The median, and the MAD in units of a standard deviation.

    Where more than half of the values are the same, the MAD is zero: then the mean absolute deviation counts (Iglewicz
    and Hoaglin, How to Detect and Handle Outliers, 1993).
    """
    centre = median(values)
    deviations = [abs(value - centre) for value in values]
    return centre, SIGMA * median(deviations) or MEAN_SIGMA * fmean(deviations)


def median(values: Sequence[float]) -> float:
    """The median of at least one value."""
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def _with_labels(series: Sequence[Series], labels: Labels) -> Series | None:
    return next((candidate for candidate in series if candidate.labels == labels), None)


def _seasonal(condition: Anomaly, history: Sequence[Series | None], at: float) -> Baseline:
    """1. Put the training span of now and of each past week on one grid. 2. Move each past week to the present level.
    3. Expect the median of the same time of the week. 4. See how well that held in the training span, and how much
    the past weeks vary around this time of the week: the larger of both is the usual deviation.
    """  # fmt: skip
    need = needs(condition)[1]
    then = align(need, at)
    first, last = then - need.begins_s, then - need.ends_s
    recent = _grid(history[0], first, last)
    ahead = round((at - last) / SEASONAL_STEP_S)  # the present, in steps after the last recent sample
    local = round(LOCAL_S / SEASONAL_STEP_S)
    size = len(recent) + ahead + local + AROUND
    past = []
    for week, series in enumerate(history[1:], start=1):
        values = _grid(series, first - week * WEEK_S, first - week * WEEK_S + (size - 1) * SEASONAL_STEP_S)
        differences = [now - before for now, before in zip(recent, values, strict=False) if not _gap(now, before)]
        if differences:
            level = median(differences)
            past.append([value + level for value in values])
    if not past:  # no week before
        present_values = [value for value in recent if not math.isnan(value)]
        return (
            Baseline(*centre_and_scale(present_values), len(present_values))
            if present_values
            else Baseline(0.0, 0.0, 0)
        )
    residuals = [
        value - expected
        for index, value in enumerate(recent)
        if not math.isnan(value) and (expected := _expected(past, index)) is not None
    ]
    present = len(recent) - 1 + ahead
    expected = _expected(past, present)
    if expected is None or not residuals:
        return Baseline(0.0, 0.0, 0)
    centre, scale = centre_and_scale(residuals)
    return Baseline(expected + centre, max(scale, _local_scale(past, present, local)), len(residuals))


def _grid(series: Series | None, first: float, last: float) -> list[float]:
    """A value for each step from `first` to `last`, NaN where there is none."""
    count = round((last - first) / SEASONAL_STEP_S) + 1
    values = [math.nan] * count
    if series is not None:
        begin, end = bisect_left(series.times, first - TOLERANCE_S), bisect_right(series.times, last + TOLERANCE_S)
        for instant, value in zip(series.times[begin:end], series.values[begin:end], strict=True):
            index = round((instant - first) / SEASONAL_STEP_S)
            if 0 <= index < count:
                values[index] = value
    return values


def _gap(*values: float) -> bool:
    return any(math.isnan(value) for value in values)


def _expected(past: Sequence[Sequence[float]], index: int) -> float | None:
    """The median of the past weeks around one place of the grid."""
    near = [
        value
        for values in past
        for value in values[max(0, index - AROUND) : index + AROUND + 1]
        if not math.isnan(value)
    ]
    return median(near) if near else None


def _local_scale(past: Sequence[Sequence[float]], present: int, local: int) -> float:
    """The spread of the past weeks around the present time of the week."""
    residuals = []
    for index in range(max(0, present - local), present + local + 1):
        expected = _expected(past, index)
        if expected is not None:
            residuals += [
                values[index] - expected for values in past if index < len(values) and not math.isnan(values[index])
            ]
    return centre_and_scale(residuals)[1] if residuals else 0.0
