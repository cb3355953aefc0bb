"""Defines alerting rules: the policy's own conditions on metrics, which Tocsin evaluates itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import TypeAlias

from bot.domain.values.target import Target


class When(StrEnum):
    """The ways to combine conditions. The values are those of the policy's YAML."""

    ALL = "all"
    ANY = "any"


class Aggregation(StrEnum):
    """The functions that turn the samples of a span into one value."""

    AVG = "avg"
    MAX = "max"
    MIN = "min"
    SUM = "sum"
    COUNT = "count"
    LAST = "last"


class Operator(StrEnum):
    """The comparisons of a value with a threshold."""

    GT = "gt"
    GTE = "gte"
    LT = "lt"
    LTE = "lte"
    EQ = "eq"


class Method(StrEnum):
    """The methods that compute the baseline of an anomaly."""

    ZSCORE = "zscore"  # mean and standard deviation of the training span
    ROBUST = "robust"  # its median and median absolute deviation
    SEASONAL = "seasonal"  # the same time of the week, in the last four weeks; `robust` before there is a week


class Direction(StrEnum):
    """Which deviations are anomalies."""

    UP = "up"
    DOWN = "down"
    BOTH = "both"


@dataclass(frozen=True, slots=True)
class Threshold:
    """A value is above, below or equal to a figure."""

    query: str
    op: Operator
    value: float
    over: timedelta | None = None  # None: the value at the instant of evaluation
    aggregation: Aggregation = Aggregation.AVG
    metric: str | None = None  # the name that the policy gives the query


@dataclass(frozen=True, slots=True)
class RateOfChange:
    """A value has changed against the one `over` ago."""

    query: str
    over: timedelta
    by: float  # the smallest change; its sign is the direction
    percent: bool  # whether `by` is in percent of the earlier value
    metric: str | None = None


@dataclass(frozen=True, slots=True)
class Anomaly:
    """A value deviates from what is usual."""

    query: str
    method: Method = Method.SEASONAL
    direction: Direction = Direction.BOTH
    sensitivity: float = 4.0  # deviations, in units of the usual ones, beyond which it is an anomaly
    floor: float = 0.0  # the smallest difference that matters
    training: timedelta = timedelta(days=1)  # the span that says what is usual
    offset: timedelta = timedelta(minutes=30)  # the newest part of it, left out: a spike is not in its own baseline
    minimum_samples: int = 30
    over: timedelta | None = None
    aggregation: Aggregation = Aggregation.AVG
    metric: str | None = None


@dataclass(frozen=True, slots=True)
class Absence:
    """A query has no result."""

    query: str
    over: timedelta | None = None  # None: at the instant of evaluation
    metric: str | None = None


@dataclass(frozen=True, slots=True)
class Composite:
    """Conditions within a condition."""

    when: When
    conditions: tuple[Condition, ...]


Condition: TypeAlias = Threshold | RateOfChange | Anomaly | Absence | Composite


@dataclass(frozen=True, slots=True)
class EscalationRung:
    """The targets that an alert of the rule notifies until somebody acts."""

    after: timedelta  # from when it fired
    notify: tuple[Target, ...]
    by: tuple[str, ...] = ("slack",)  # methods
    repeat: timedelta | None = None


@dataclass(frozen=True, slots=True)
class AlertingRule:
    """A rule: its conditions, how long they must hold, and what its alerts say."""

    id: str
    name: str
    severity: str  # key of the policy
    conditions: tuple[Condition, ...]
    when: When = When.ALL
    description: str = ""
    category: str | None = None
    service: str | None = None  # key of the policy
    every: timedelta = timedelta(seconds=30)
    hold: timedelta = timedelta()  # `for`: how long the conditions must hold before it fires
    keep_firing: timedelta = timedelta(minutes=5)  # how long they must not hold before it resolves
    auto_resolve: bool = True
    runbook: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)  # may contain `{{label}}` of the series
    tags: tuple[str, ...] = ()
    escalate: tuple[EscalationRung, ...] = ()
    enabled: bool = True
