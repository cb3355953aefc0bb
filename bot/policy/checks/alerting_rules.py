"""Checks alerting rules and probes: names exist, each condition has what its type needs, and addresses may be asked."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import urlsplit

from bot.policy import build
from bot.policy.checks.context import CheckContext
from bot.policy.models import AlertingCondition, AlertingRule, Probe
from bot.policy.problems import KeyPath, Problem

_COMMON = ("query", "metric", "over")
_ANOMALY = ("method", "direction", "sensitivity", "floor", "training", "offset", "minimum_samples")
# By type: the settings it needs, with an example, and those that it may have besides.
_NEEDS: dict[str, dict[str, str]] = {
    "threshold": {"op": "op: gt", "value": "value: 0.5"},
    "rate_of_change": {"over": "over: 10m", "by": "by: -50%"},
    "anomaly": {},
    "absence": {},
    "composite": {"when": "when: any", "conditions": "conditions: [{type: …}]"},
}
_HAS: dict[str, tuple[str, ...]] = {
    "threshold": (*_COMMON, "aggregation"),
    "rate_of_change": _COMMON,
    "anomaly": (*_COMMON, "aggregation", *_ANOMALY),
    "absence": _COMMON,
    "composite": (),
}
MOST_DEPTH = 5  # of composites within each other
SHORTEST = timedelta(seconds=5)  # between two evaluations, or two requests of a probe
LONGEST_TRAINING = timedelta(days=35)


def problems(context: CheckContext) -> Iterator[Problem]:
    """A problem for each name that does not exist, and each condition or probe that cannot work."""
    for key, rule in context.model.rules.items():
        path: KeyPath = ("rules", key)
        yield from _names(context, path, rule)
        yield from _too_often(context, (*path, "every"), rule.every)
        for number, condition in enumerate(rule.conditions):
            yield from _condition(context, (*path, "conditions", number), condition, 1)
    for key, probe in context.model.probes.items():
        yield from _probe(context, ("probes", key), probe)


def warnings(context: CheckContext) -> Iterator[Problem]:
    """A warning for alerts of rules and probes that no route takes."""
    model = context.model
    if (model.rules or model.probes) and not model.alerts.routes:
        message = "there are no alerts.routes, so what they find is recorded only. Add `{do: ask}`."
        yield context.problem(("rules",) if model.rules else ("probes",), message)
    for key, probe in model.probes.items():
        limit = build.clock_duration(probe.timeout)
        if limit > build.clock_duration(probe.every):
            yield context.problem(("probes", key, "timeout"), "is longer than `every`: it is asked less often.", "")


def _names(context: CheckContext, path: KeyPath, rule: AlertingRule | Probe) -> Iterator[Problem]:
    model = context.model
    if rule.severity is not None and rule.severity not in model.severities:
        hint = f"Use one of: {', '.join(model.severities)}."
        yield context.unknown_name((*path, "severity"), rule.severity, model.severities, "severity", hint)
    if rule.service is not None and rule.service not in model.services:
        hint = f"Add one under services, such as `{rule.service}: {{name: {rule.service.capitalize()}}}`."
        yield context.unknown_name((*path, "service"), rule.service, model.services, "service", hint)
    category = rule.category if isinstance(rule, AlertingRule) else None
    if category is not None and category not in model.categories:
        hint = f"Use one of: {', '.join(model.categories)}."
        yield context.unknown_name((*path, "category"), category, model.categories, "category", hint)


def _too_often(context: CheckContext, path: KeyPath, every: str) -> Iterator[Problem]:
    if build.clock_duration(every) < SHORTEST:
        yield context.problem(path, f"is too often: {every}. Write 5s or longer.", "")


def _condition(context: CheckContext, path: KeyPath, condition: AlertingCondition, depth: int) -> Iterator[Problem]:
    kind = condition.type
    set_names = [name for name in condition.model_fields_set if getattr(condition, name) is not None and name != "type"]
    needed, allowed = _NEEDS[kind], _HAS[kind]
    for name, example in needed.items():
        if name not in set_names:
            yield context.problem(path, f"a {kind} condition needs `{name}`: write `{example}`.")
    for name in set_names:
        if name not in needed and name not in allowed:
            settings = ", ".join((*needed, *allowed))
            yield context.problem((*path, name), f"a {kind} condition has no `{name}`. It has: {settings}.")
    yield from _query(context, path, condition) if kind != "composite" else ()
    if condition.training is not None and build.clock_duration(condition.training) > LONGEST_TRAINING:
        yield context.problem((*path, "training"), f"is too long: {LONGEST_TRAINING.days}d at most.", "")
    if condition.aggregation is not None and condition.over is None and "aggregation" in allowed:
        yield context.problem((*path, "aggregation"), "aggregates the span `over`, which is missing: write `over: 5m`.")
    if depth > MOST_DEPTH:
        yield context.problem(path, f"is too deep: {MOST_DEPTH} composites within each other at most.", "")
        return
    for number, inner in enumerate(condition.conditions or []):
        yield from _condition(context, (*path, "conditions", number), inner, depth + 1)


def _query(context: CheckContext, path: KeyPath, condition: AlertingCondition) -> Iterator[Problem]:
    metrics = context.model.metrics
    if condition.query is not None and condition.metric is not None:
        yield context.problem(path, "has both `query` and `metric`. Remove one.", "")
    elif condition.query is None and condition.metric is None:
        message = "needs a `query`, such as `query: 'sum(rate(errors_total[5m]))'`, or a `metric` of `metrics`."
        yield context.problem(path, message, "")
    if condition.metric is not None and condition.metric not in metrics:
        hint = f"Add it under metrics: `{condition.metric}: '…PromQL…'`."
        yield context.unknown_name((*path, "metric"), condition.metric, metrics, "metric", hint)


def _probe(context: CheckContext, path: KeyPath, probe: Probe) -> Iterator[Problem]:
    yield from _names(context, path, probe)
    yield from _too_often(context, (*path, "every"), probe.every)
    url = urlsplit(probe.url)
    if url.username is not None or url.password is not None:
        yield context.problem((*path, "url"), "contains a name or password: who reads the policy reads it. Remove it.")
    if probe.tls_expires_within is not None and url.scheme != "https":
        message = "needs an address that begins with https://. Remove it, or change the url."
        yield context.problem((*path, "tls_expires_within"), message, "")
    if probe.method == "HEAD" and probe.contains is not None:
        yield context.problem((*path, "contains"), "an answer to HEAD has no text. Write `method: GET`.")
