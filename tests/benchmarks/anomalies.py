"""Measures the detections and false alarms of each method of the `anomaly` condition on generated series.

    python -m tests.benchmarks.anomalies

The held-out seeds were never used to choose the defaults.
"""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import dataclass, field

from bot.domain.policy.alerting_rules import AlertingRule, Anomaly, Method
from bot.domain.rules.anomaly import needs
from bot.domain.rules.conditions import Baselines, evaluate
from bot.domain.rules.series import Series
from tests.benchmarks.generated_series import STEP_S, WARM_UP, WEEK, Metric, generate

FIXED = range(1, 13)
HELD_OUT = range(1001, 1013)
WEEKS = 2
START_S = 1_760_000_400.0 // (7 * 86_400) * 7 * 86_400  # of the series: the beginning of a week since 1970


@dataclass(slots=True)
class Score:
    """What a method found."""

    found: Counter[str] = field(default_factory=Counter)
    missed: Counter[str] = field(default_factory=Counter)
    false_alarms: int = 0
    weeks: int = 0  # metrics times weeks

    @property
    def recall(self) -> float:
        """The share of the injected anomalies that was found."""
        total = sum(self.found.values()) + sum(self.missed.values())
        return sum(self.found.values()) / total if total else 1.0

    @property
    def false_per_week(self) -> float:
        """False alarms a metric and week; instants in a row are one."""
        return self.false_alarms / self.weeks


def alarms(metric: Metric, condition: Anomaly) -> list[int]:
    """The samples, after the warm-up, at which the condition holds."""
    rule = AlertingRule("rule", "rule", "sev1", (condition,))
    times = [START_S + index * STEP_S for index in range(len(metric.values))]
    series = [Series((), times, metric.values)]
    data = dict.fromkeys(needs(condition), series)
    found: Baselines = {}
    holding = []
    for index in range(WARM_UP, len(metric.values)):
        if evaluate(rule, data, times[index], found).holding:
            holding.append(index)
        found.clear()
    return holding


def score(metric: Metric, holding: list[int], into: Score) -> None:
    """Count what was found, missed, and wrong."""
    into.weeks += (len(metric.values) - WARM_UP) // WEEK
    explained: set[int] = set()
    for each in metric.injected:
        span = range(each.first, each.last + 1)
        explained |= set(span) | {each.last + 1}
        if each.kind != "ignored":
            (into.found if any(index in span for index in holding) else into.missed)[each.kind] += 1
    wrong = [index for index in holding if index not in explained]
    into.false_alarms += sum(1 for place, index in enumerate(wrong) if place == 0 or index - wrong[place - 1] > 3)


def measured(method: Method, seeds: range, weeks: int = WEEKS) -> Score:
    """The score of a method with its defaults over metrics of these seeds."""
    total = Score()
    condition = Anomaly("metric", method=method)
    for seed in seeds:
        metric = generate(seed, weeks, anomalies=True)
        score(metric, alarms(metric, condition), total)
    return total


def row(method: Method, name: str, result: Score) -> str:
    """One line of the table."""
    kinds = " ".join(
        f"{kind} {result.found[kind]}/{result.found[kind] + result.missed[kind]}" for kind in ("spike", "drop", "shift")
    )
    return f"{method:<9} {name:<9} {result.recall:7.1%}  {result.false_per_week:6.2f}  {kinds}"


def main() -> None:
    """Print the table."""
    sys.stdout.write("method    seeds       found  false   of each kind (false: alarms a metric and week)\n")
    for method in (Method.SEASONAL, Method.ROBUST, Method.ZSCORE):
        for name, seeds in (("fixed", FIXED), ("held out", HELD_OUT)):
            sys.stdout.write(row(method, name, measured(method, seeds)) + "\n")


if __name__ == "__main__":
    main()
