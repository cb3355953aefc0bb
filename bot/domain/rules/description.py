"""Describes a condition of an alerting rule in words."""

from __future__ import annotations

from bot.domain.policy.alerting_rules import (
    Absence,
    Aggregation,
    Anomaly,
    Composite,
    Condition,
    Direction,
    Method,
    RateOfChange,
    Threshold,
    When,
)
from bot.domain.rules.conditions import SIGN, figure
from bot.domain.values.durations import exact

_AGGREGATIONS = {
    Aggregation.AVG: "average", Aggregation.MAX: "maximum", Aggregation.MIN: "minimum", Aggregation.SUM: "sum",
    Aggregation.COUNT: "number of values", Aggregation.LAST: "last value",
}  # fmt: skip
_METHODS = {
    Method.ZSCORE: "the mean", Method.ROBUST: "the median", Method.SEASONAL: "the same time of the week",
}  # fmt: skip
_DIRECTIONS = {Direction.UP: "above ", Direction.DOWN: "below ", Direction.BOTH: ""}


def describe(condition: Condition) -> str:
    """The condition, such as `average of api.error_rate over 2m > 0.5`."""
    match condition:
        case Threshold():
            return f"{_value(condition)} {SIGN[condition.op]} {figure(condition.value)}"
        case RateOfChange():
            amount = f"{condition.by:+.4g}{' %' if condition.percent else ''}"
            return f"{_query(condition)} changes by {amount} or more within {exact(condition.over)}"
        case Absence():
            over = f" for {exact(condition.over)}" if condition.over else ""
            return f"{_query(condition)} has no result{over}"
        case Anomaly():
            floor = f", by at least {figure(condition.floor)}" if condition.floor else ""
            usual = f"far {_DIRECTIONS[condition.direction] or 'from '}{_METHODS[condition.method]}"
            return f"{_value(condition)} is {usual} (sensitivity {figure(condition.sensitivity)}){floor}"
        case Composite():
            word = " and " if condition.when is When.ALL else " or "
            return "(" + word.join(describe(part) for part in condition.conditions) + ")"


def _value(condition: Threshold | Anomaly) -> str:
    if condition.over is None:
        return _query(condition)
    return f"{_AGGREGATIONS[condition.aggregation]} of {_query(condition)} over {exact(condition.over)}"


def _query(condition: Threshold | RateOfChange | Absence | Anomaly) -> str:
    return condition.metric or condition.query
