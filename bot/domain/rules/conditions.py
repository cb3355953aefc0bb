"""Evaluates conditions on series: where each holds, and what the value is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field

from bot.domain.policy.alerting_rules import (
    Absence,
    Aggregation,
    AlertingRule,
    Anomaly,
    Composite,
    Condition,
    Operator,
    RateOfChange,
    Threshold,
    When,
)
from bot.domain.rules import anomaly
from bot.domain.rules.anomaly import Baseline
from bot.domain.rules.series import Data, Labels, Need, Series, sampling_s
from bot.domain.values import durations

AGGREGATE: Mapping[Aggregation, Callable[[Sequence[float]], float]] = {
    Aggregation.AVG: lambda values: sum(values) / len(values),
    Aggregation.MAX: max,
    Aggregation.MIN: min,
    Aggregation.SUM: sum,
    Aggregation.COUNT: lambda values: float(len(values)),
    Aggregation.LAST: lambda values: values[-1],
}
COMPARE: Mapping[Operator, Callable[[float, float], bool]] = {
    Operator.GT: lambda value, figure: value > figure,
    Operator.GTE: lambda value, figure: value >= figure,
    Operator.LT: lambda value, figure: value < figure,
    Operator.LTE: lambda value, figure: value <= figure,
    Operator.EQ: lambda value, figure: value == figure,
}
SIGN = {Operator.GT: ">", Operator.GTE: "≥", Operator.LT: "<", Operator.LTE: "≤", Operator.EQ: "="}
MOST_SERIES = 1000  # of one condition; those beyond are not looked at
ABSENT_STEP_S = 15.0


@dataclass(frozen=True, slots=True)
class Reading:
    """The result of a condition for one series."""

    holds: bool
    value: float | None
    summary: str  # such as `api.error_rate is 0.61 (> 0.5)`


@dataclass(frozen=True, slots=True)
class Readings:
    """The results of a condition or rule for every series. With `unknown`, the reason, it could not be evaluated."""

    by_series: Mapping[Labels, Reading] = field(default_factory=dict)
    unknown: str | None = None

    @property
    def holding(self) -> dict[Labels, Reading]:
        """The series for which it holds."""
        return {labels: reading for labels, reading in self.by_series.items() if reading.holds}


Baselines = MutableMapping[tuple[Anomaly, Labels, float], Baseline]  # those found before, to be used again


def needs_of(rule: AlertingRule) -> list[Need]:
    """Everything that has to be read to evaluate the rule, each range once."""
    return list(dict.fromkeys(need for condition in rule.conditions for need in _needs(condition)))


def _needs(condition: Condition) -> list[Need]:
    if isinstance(condition, Composite):
        return [need for inner in condition.conditions for need in _needs(inner)]
    if isinstance(condition, Anomaly):
        return anomaly.needs(condition)
    if isinstance(condition, RateOfChange):
        span_s = condition.over.total_seconds()
        return [Need(condition.query, span_s, 0.0, span_s)]
    if condition.over is None:
        return [Need(condition.query, 0.0, 0.0, 1.0)]
    step = sampling_s(condition.over) if isinstance(condition, Threshold) else ABSENT_STEP_S
    return [Need(condition.query, condition.over.total_seconds(), 0.0, step)]


def evaluate(rule: AlertingRule, data: Data, at: float, baselines: Baselines | None = None) -> Readings:
    """Evaluate the rule at an instant in seconds since 1970, from what was read for `needs_of`."""
    cache = {} if baselines is None else baselines
    return _combine(rule.when, [_evaluate(condition, data, at, cache) for condition in rule.conditions])


def _evaluate(condition: Condition, data: Data, at: float, baselines: Baselines) -> Readings:
    if isinstance(condition, Composite):
        return _combine(condition.when, [_evaluate(inner, data, at, baselines) for inner in condition.conditions])
    if isinstance(condition, Threshold):
        return _threshold(condition, data, at)
    if isinstance(condition, RateOfChange):
        return _rate_of_change(condition, data, at)
    if isinstance(condition, Absence):
        return _absence(condition, data, at)
    return _anomaly(condition, data, at, baselines)


def _combine(when: When, parts: Sequence[Readings]) -> Readings:
    """`any`: where one holds. `all`: where every one holds, for equal labels; a series without labels goes with all.

    A part that could not be evaluated decides nothing: the whole is unknown unless the others decide it.
    """
    if len(parts) == 1:
        return parts[0]
    unknown = next((part.unknown for part in parts if part.unknown is not None), None)
    known_parts = [part for part in parts if part.unknown is None]
    if when is When.ANY:
        merged = _any(known_parts)
        return merged if merged.holding or unknown is None else Readings(unknown=unknown)
    merged = _all(known_parts)
    return merged if unknown is None or (known_parts and not merged.holding) else Readings(unknown=unknown)


def _any(parts: Sequence[Readings]) -> Readings:
    merged: dict[Labels, Reading] = {}
    for part in parts:
        for labels, reading in part.by_series.items():
            if labels not in merged or (reading.holds and not merged[labels].holds):
                merged[labels] = reading
    return Readings(merged)


def _all(parts: Sequence[Readings]) -> Readings:
    """Of the series of the parts, the most labelled decide; the value is that of the first condition."""
    labelled = dict.fromkeys(labels for part in parts for labels in part.by_series if labels)
    merged: dict[Labels, Reading] = {}
    for labels in labelled or {(): None}:
        readings = [part.by_series.get(labels) or part.by_series.get(()) for part in parts]
        present = [reading for reading in readings if reading is not None]
        if present:
            summary = "; ".join(reading.summary for reading in present)
            holds = len(present) == len(parts) and all(reading.holds for reading in present)
            merged[labels] = Reading(holds, present[0].value, summary)
    return Readings(merged)


def _series(data: Data, need: Need) -> Sequence[Series]:
    return data.get(need, ())[:MOST_SERIES]


def _threshold(condition: Threshold, data: Data, at: float) -> Readings:
    (need,) = _needs(condition)
    readings = {}
    for series in _series(data, need):
        if condition.over is None:
            value = series.at(at)
        else:
            values = series.between(at - need.begins_s, at)
            value = AGGREGATE[condition.aggregation](values) if values else None
        if value is not None:
            summary = f"{_subject(condition)} is {figure(value)} ({SIGN[condition.op]} {figure(condition.value)})"
            readings[series.labels] = Reading(COMPARE[condition.op](value, condition.value), value, summary)
    return Readings(readings)


def _rate_of_change(condition: RateOfChange, data: Data, at: float) -> Readings:
    """From zero no change is in percent: such a value holds nowhere."""
    (need,) = _needs(condition)
    readings = {}
    for series in _series(data, need):
        now, then = series.at(at), series.at(at - need.begins_s)
        if now is None or then is None or (condition.percent and then == 0):
            continue
        change = (now - then) * 100 / abs(then) if condition.percent else now - then
        holds = change <= condition.by if condition.by < 0 else change >= condition.by
        unit = "%" if condition.percent else ""
        span = durations.exact(condition.over)
        summary = f"{_subject(condition)} changed by {change:+.4g}{unit} within {span}, to {figure(now)}"
        readings[series.labels] = Reading(holds, change, summary)
    return Readings(readings)


def _absence(condition: Absence, data: Data, at: float) -> Readings:
    (need,) = _needs(condition)
    present = any(series.between(at - need.begins_s, at) for series in _series(data, need))
    summary = f"{_subject(condition)} has no result"
    return Readings({(): Reading(not present, None, summary)})


def _anomaly(condition: Anomaly, data: Data, at: float, baselines: Baselines) -> Readings:
    present, *history = anomaly.needs(condition)
    then = anomaly.align(history[0], at)
    readings: dict[Labels, Reading] = {}
    short: list[int] = []
    for series in _series(data, present):
        value = series.at(at)
        if value is None:
            continue
        key = (condition, series.labels, then)
        usual = baselines.get(key)
        if usual is None:
            usual = anomaly.baseline(condition, [data.get(need, ()) for need in history], series.labels, then)
            baselines[key] = usual
        if usual.samples < condition.minimum_samples:
            short.append(usual.samples)
            continue
        deviation = anomaly.judge(value, usual, condition)
        summary = f"{_subject(condition)} is {figure(value)}, usual is {figure(deviation.expected)}"
        readings[series.labels] = Reading(deviation.anomalous, value, summary)
    if short and not readings:
        return Readings(unknown=f"its history has {max(short)} of {condition.minimum_samples} samples")
    return Readings(readings)


def _subject(condition: Threshold | RateOfChange | Absence | Anomaly) -> str:
    return condition.metric or (condition.query if len(condition.query) <= 80 else f"{condition.query[:79]}…")


def figure(value: float) -> str:
    """A value with up to four significant digits, or all of a whole number."""
    return f"{value:.0f}" if float(value).is_integer() and abs(value) < 1e15 else f"{value:.4g}"
