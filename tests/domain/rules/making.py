"""Makes series and rules for tests."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.domain.policy.alerting_rules import AlertingRule, Condition
from bot.domain.rules.conditions import Readings, evaluate, needs_of
from bot.domain.rules.series import Need, Series

AT = 1_772_442_000.0  # 2026-03-02 09:00 UTC
NOW = datetime.fromtimestamp(AT, UTC)


def series(values: Sequence[float], step: float = 15.0, end: float = AT, **labels: str) -> Series:
    """A series whose last value is at `end`."""
    times = [end - (len(values) - 1 - place) * step for place in range(len(values))]
    return Series(tuple(sorted(labels.items())), times, [float(value) for value in values])


def rule(*conditions: Condition, **how: Any) -> AlertingRule:
    return AlertingRule("rule", "Rule", "sev1", conditions, **how)


def read(condition: Condition, *found: Series, at: float = AT) -> Readings:
    """What a condition says, if all of its queries have these series."""
    tried = rule(condition)
    data: dict[Need, Sequence[Series]] = dict.fromkeys(needs_of(tried), found)
    return evaluate(tried, data, at)


def seconds(count: float) -> timedelta:
    return timedelta(seconds=count)
