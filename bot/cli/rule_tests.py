"""Runs unit tests of rules in promtool's format: input series, and the alerts that should fire.

https://prometheus.io/docs/prometheus/latest/configuration/unit_testing_rules/
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from bot.cli.promtool_series import expand, parse_series
from bot.cli.rule_source import policy_in_force, policy_with
from bot.domain.errors import Refused, TocsinError
from bot.domain.policy.alerting_rules import AlertingRule
from bot.domain.policy.policy import Policy
from bot.domain.rules import alerts, backtest
from bot.domain.rules.life import Instance
from bot.domain.rules.series import Labels, labels_of
from bot.domain.values.durations import parse_duration, parse_span
from bot.integrations.prometheus import Prometheus
from bot.integrations.temporary_prometheus import SeriesToWrite, temporary
from bot.policy.yaml_source import parse_yaml

# Labels that Tocsin adds to each alert. A test may leave them out of `exp_labels`.
ADDED = frozenset({"alertname", "source", "rule", "severity", "category", "service", "tags"})
KEYS = frozenset({"rule_files", "evaluation_interval", "tests", "group_eval_order", "fuzzy_compare"})
TEST_KEYS = frozenset({"name", "interval", "input_series", "alert_rule_test", "promql_expr_test"})


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of one test; without failures it passed."""

    name: str
    failures: tuple[str, ...]


async def run_file(file: Path, policy_path: Path | None) -> list[Outcome]:
    """Run each test of a file. Raises `TocsinError` for a file that cannot be read."""
    source = parse_yaml(_text(file), str(file), "tests:")
    if source.problems:
        raise TocsinError("\n".join(problem.located(str(file)) for problem in source.problems))
    document = source.values
    _check_keys(document, KEYS, str(file))
    policy = _policy(document, file, policy_path)
    interval = _seconds(document.get("evaluation_interval", "1m"))
    outcomes = []
    for number, test in enumerate(document.get("tests") or [], start=1):
        name = str(test.get("name") or f"test {number}")
        _check_keys(test, TEST_KEYS, name)
        outcomes.append(Outcome(name, tuple(await _run(test, policy, interval))))
    if not outcomes:
        raise TocsinError(f"{file} has no `tests`. See docs/rules.md for an example.")
    return outcomes


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise TocsinError(f"{file} cannot be read ({type(error).__name__}).") from None


def _policy(document: Mapping[str, Any], file: Path, policy_path: Path | None) -> Policy:
    loaded = policy_in_force(policy_path)
    policy = loaded.policy
    for name in document.get("rule_files") or []:
        policy = policy_with(loaded, Path(file.parent, str(name)))
    return policy


async def _run(test: Mapping[str, Any], policy: Policy, evaluated_every: float) -> list[str]:
    step = _seconds(test.get("interval", f"{evaluated_every:g}s"))
    checks = test.get("alert_rule_test") or []
    for check in checks:
        _check_keys(check, frozenset({"eval_time", "alertname", "exp_alerts"}), "alert_rule_test")
    expressions = test.get("promql_expr_test") or []
    for expression in expressions:
        _check_keys(expression, frozenset({"expr", "eval_time", "exp_samples"}), "promql_expr_test")
    last = max((_seconds(test_case.get("eval_time", "0s")) for test_case in (*checks, *expressions)), default=0.0)
    begins = float((int(time.time()) - int(last) - 60) // 60 * 60)
    async with temporary(_series_to_write(test.get("input_series") or [], step, begins)) as prometheus:
        failures = []
        for check in checks:
            failures += await _check(check, policy, prometheus, begins, evaluated_every)
        for expression in expressions:
            failures += await _expression(expression, prometheus, begins)
        return failures


async def _expression(check: Mapping[str, Any], prometheus: Prometheus, begins: float) -> list[str]:
    """Failures of a test that an expression has exactly these samples. Names of metrics are not compared."""
    query, instant = str(check.get("expr", "")), str(check.get("eval_time", "0s"))
    at = begins + _seconds(instant)
    actual = {series.labels: series.at(at) for series in await prometheus.range(query, at, at, 1.0)}
    expected = {
        labels_of(parse_series(str(sample.get("labels") or "{}"))): float(sample.get("value", 0.0))
        for sample in check.get("exp_samples") or []
    }
    is_equal = actual.keys() == expected.keys() and all(
        value is not None and math.isclose(value, expected[labels], rel_tol=1e-6) for labels, value in actual.items()
    )
    return [] if is_equal else [f"{query} at {instant}: expected {_samples(expected)}, but it is {_samples(actual)}"]


def _samples(samples: Mapping[Labels, float | None]) -> str:
    texts = [
        f"{_alert_text(dict(labels), {})} {value:g}" for labels, value in sorted(samples.items()) if value is not None
    ]
    return ", ".join(texts) or "no result"


def _series_to_write(series: Sequence[Mapping[str, Any]], step: float, begins: float) -> list[SeriesToWrite]:
    series_list = []
    for input_series in series:
        samples = expand(str(input_series.get("values", "")))
        points = [
            (begins + index * step, value)
            for index, value in enumerate(samples)
            if value is None or not math.isnan(value)
        ]
        series_list.append(SeriesToWrite(parse_series(str(input_series.get("series", ""))), points))
    return series_list


async def _check(
    check: Mapping[str, Any], policy: Policy, prometheus: Prometheus, begins: float, evaluated_every: float
) -> list[str]:
    name, instant = str(check.get("alertname", "")), _seconds(check.get("eval_time", "0s"))
    rules = [rule for rule in policy.rules.values() if name in (rule.name, rule.id)]
    if not rules:
        raise TocsinError(f"there is no rule “{name}”. There are: {', '.join(policy.rules) or 'none'}.")
    fired = []
    for rule in rules:
        for instance in await firing_at(rule, prometheus, begins, begins + instant, evaluated_every):
            alert = alerts.of_instance(instance, rule, policy, None)
            fired.append((dict(alert.labels), dict(alert.annotations)))
    expected = [
        (_texts(alert_json.get("exp_labels")), _texts(alert_json.get("exp_annotations")))
        for alert_json in check.get("exp_alerts") or []
    ]
    return _differences(name, str(check.get("eval_time", "0s")), expected, fired)


async def firing_at(
    rule: AlertingRule, prometheus: Prometheus, begins: float, ends: float, every: float
) -> list[Instance]:
    """The series for which the rule fires at `ends`, if it is evaluated from `begins` on, each `every` seconds."""
    timed = _with_every(rule, every)
    data = {
        need: await prometheus.range(need.query, start, end, step)
        for need, (start, end, step) in backtest.ranges(timed, begins, ends).items()
    }
    firing: list[Instance] = []
    for state in backtest.states(timed, data, begins, ends):
        if state.problem is not None:
            raise TocsinError(f"{rule.id} cannot be evaluated: {state.problem}")
        firing = [instance for instance in state.instances if instance.firing]
    return firing


def _with_every(rule: AlertingRule, every: float) -> AlertingRule:
    return replace(rule, every=timedelta(seconds=every))


Texts = tuple[dict[str, str], dict[str, str]]


def _differences(name: str, instant: str, expected: Sequence[Texts], fired: Sequence[Texts]) -> list[str]:
    unexpected = list(fired)
    failures = []
    for labels, notes in expected:
        match = next((alert for alert in unexpected if _matches(labels, notes, alert)), None)
        if match is None:
            failures.append(f"{name} at {instant}: expected {_alert_text(labels, notes)}")
        else:
            unexpected.remove(match)
    failures += [f"{name} at {instant}: not expected: {_alert_text(*alert)}" for alert in unexpected]
    return failures


def _matches(labels: Mapping[str, str], annotations: Mapping[str, str], fired: Texts) -> bool:
    """Whether labels are equal except those that Tocsin adds, and the expected annotations are present."""
    extra = fired[0].keys() - labels.keys() - ADDED
    return (
        not extra
        and all(fired[0].get(label, "") == value for label, value in labels.items())
        and all(fired[1].get(key, "") == value for key, value in annotations.items())
    )


def _alert_text(labels: Mapping[str, str], annotations: Mapping[str, str]) -> str:
    text = "{" + ", ".join(f'{label}="{value}"' for label, value in sorted(labels.items())) + "}"
    summary = annotations.get("summary")
    return f"{text} “{summary}”" if summary else text


def _texts(values: Any) -> dict[str, str]:
    return {str(key): str(value) for key, value in (values or {}).items()}


def _check_keys(values: Any, allowed: frozenset[str], where: str) -> None:
    if not isinstance(values, dict):
        raise TocsinError(f"{where}: must be a mapping. See docs/rules.md for an example.")
    if unknown := sorted(set(values) - allowed):
        raise TocsinError(f"{where}: `{unknown[0]}` is not supported here. There are: {', '.join(sorted(allowed))}.")


def _seconds(text: Any) -> float:
    try:
        span = parse_span(str(text))
        return parse_duration(str(text)).total_seconds() if span else 0.0
    except Refused as refused:
        raise TocsinError(refused.message) from None
