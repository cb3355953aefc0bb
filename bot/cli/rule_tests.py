"""Runs unit tests of rules in promtool's format: rules on given series, and the alerts that should fire.

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
from bot.integrations.temporary_prometheus import Written, temporary
from bot.policy.yaml_source import parse_yaml

# Labels that Tocsin adds to each alert. A test may leave them out of `exp_labels`.
ADDED = frozenset({"alertname", "source", "rule", "severity", "category", "service", "tags"})
KEYS = frozenset({"rule_files", "evaluation_interval", "tests", "group_eval_order", "fuzzy_compare"})
TEST_KEYS = frozenset({"name", "interval", "input_series", "alert_rule_test", "promql_expr_test"})


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one test."""

    name: str
    failures: tuple[str, ...]


async def run_file(file: Path, policy_path: Path | None) -> list[Outcome]:
    """Run each test of a file. Raises `TocsinError` for a file that cannot be read."""
    source = parse_yaml(_text(file), str(file), "tests:")
    if source.problems:
        raise TocsinError("\n".join(problem.located(str(file)) for problem in source.problems))
    document = source.values
    _only(document, KEYS, str(file))
    policy = _policy(document, file, policy_path)
    interval = _seconds(document.get("evaluation_interval", "1m"))
    outcomes = []
    for number, test in enumerate(document.get("tests") or [], start=1):
        name = str(test.get("name") or f"test {number}")
        _only(test, TEST_KEYS, name)
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
        _only(check, frozenset({"eval_time", "alertname", "exp_alerts"}), "alert_rule_test")
    expressions = test.get("promql_expr_test") or []
    for expression in expressions:
        _only(expression, frozenset({"expr", "eval_time", "exp_samples"}), "promql_expr_test")
    last = max((_seconds(each.get("eval_time", "0s")) for each in (*checks, *expressions)), default=0.0)
    begins = float((int(time.time()) - int(last) - 60) // 60 * 60)
    async with temporary(_written(test.get("input_series") or [], step, begins)) as prometheus:
        failures = []
        for check in checks:
            failures += await _check(check, policy, prometheus, begins, evaluated_every)
        for expression in expressions:
            failures += await _expression(expression, prometheus, begins)
        return failures


async def _expression(check: Mapping[str, Any], prometheus: Prometheus, begins: float) -> list[str]:
    """Whether an expression has just these samples. Names of metrics are not compared."""
    query, instant = str(check.get("expr", "")), str(check.get("eval_time", "0s"))
    at = begins + _seconds(instant)
    found = {series.labels: series.at(at) for series in await prometheus.range(query, at, at, 1.0)}
    wanted = {
        labels_of(parse_series(str(each.get("labels") or "{}"))): float(each.get("value", 0.0))
        for each in check.get("exp_samples") or []
    }
    same = found.keys() == wanted.keys() and all(
        value is not None and math.isclose(value, wanted[labels], rel_tol=1e-6) for labels, value in found.items()
    )
    return [] if same else [f"{query} at {instant}: expected {_samples(wanted)}, but it is {_samples(found)}"]


def _samples(samples: Mapping[Labels, float | None]) -> str:
    texts = [f"{_shown(dict(labels), {})} {value:g}" for labels, value in sorted(samples.items()) if value is not None]
    return ", ".join(texts) or "no result"


def _written(series: Sequence[Mapping[str, Any]], step: float, begins: float) -> list[Written]:
    written = []
    for each in series:
        samples = expand(str(each.get("values", "")))
        kept = [
            (begins + place * step, value)
            for place, value in enumerate(samples)
            if value is None or not math.isnan(value)
        ]
        written.append(Written(parse_series(str(each.get("series", ""))), kept))
    return written


async def _check(
    check: Mapping[str, Any], policy: Policy, prometheus: Prometheus, begins: float, every: float
) -> list[str]:
    name, instant = str(check.get("alertname", "")), _seconds(check.get("eval_time", "0s"))
    rules = [rule for rule in policy.rules.values() if name in (rule.name, rule.id)]
    if not rules:
        raise TocsinError(f"there is no rule “{name}”. There are: {', '.join(policy.rules) or 'none'}.")
    fired = []
    for rule in rules:
        for instance in await firing_at(rule, prometheus, begins, begins + instant, every):
            alert = alerts.of_instance(instance, rule, policy, None)
            fired.append((dict(alert.labels), dict(alert.annotations)))
    wanted = [
        (_texts(each.get("exp_labels")), _texts(each.get("exp_annotations"))) for each in check.get("exp_alerts") or []
    ]
    return _compared(name, str(check.get("eval_time", "0s")), wanted, fired)


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


Shown = tuple[dict[str, str], dict[str, str]]


def _compared(name: str, instant: str, wanted: Sequence[Shown], fired: Sequence[Shown]) -> list[str]:
    left = list(fired)
    failures = []
    for labels, notes in wanted:
        match = next((each for each in left if _matches(labels, notes, each)), None)
        if match is None:
            failures.append(f"{name} at {instant}: expected {_shown(labels, notes)}")
        else:
            left.remove(match)
    failures += [f"{name} at {instant}: not expected: {_shown(*each)}" for each in left]
    return failures


def _matches(labels: Mapping[str, str], annotations: Mapping[str, str], fired: Shown) -> bool:
    """Labels must be equal, but for those that Tocsin adds; annotations that are expected must be there."""
    extra = fired[0].keys() - labels.keys() - ADDED
    return (
        not extra
        and all(fired[0].get(label, "") == value for label, value in labels.items())
        and all(fired[1].get(key, "") == value for key, value in annotations.items())
    )


def _shown(labels: Mapping[str, str], annotations: Mapping[str, str]) -> str:
    text = "{" + ", ".join(f'{label}="{value}"' for label, value in sorted(labels.items())) + "}"
    summary = annotations.get("summary")
    return f"{text} “{summary}”" if summary else text


def _texts(values: Any) -> dict[str, str]:
    return {str(key): str(value) for key, value in (values or {}).items()}


def _only(values: Any, known: frozenset[str], where: str) -> None:
    if not isinstance(values, dict):
        raise TocsinError(f"{where}: must be a mapping. See docs/rules.md for an example.")
    if unknown := sorted(set(values) - known):
        raise TocsinError(f"{where}: `{unknown[0]}` is not supported here. There are: {', '.join(sorted(known))}.")


def _seconds(text: Any) -> float:
    try:
        span = parse_span(str(text))
        return parse_duration(str(text)).total_seconds() if span else 0.0
    except Refused as refused:
        raise TocsinError(refused.message) from None
