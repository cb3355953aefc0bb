"""Turns what became of an alerting rule or a probe into alerts, as those of any other source."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

from bot.domain.alerts.alert import Alert, AlertStatus, fingerprint_of
from bot.domain.policy.alerting_rules import AlertingRule, Composite, Condition
from bot.domain.policy.policy import Policy
from bot.domain.rules.life import Instance, RuleState
from bot.domain.rules.series import Labels

SOURCE = "rules"
UNREACHABLE = "PrometheusUnreachable"  # the alert's name while no rule can be evaluated
UNKNOWN = "RuleUnknown"  # the alert's name for a rule that could not be evaluated
_TEMPLATE = re.compile(r"\{\{\s*(?:\$labels\.)?([a-zA-Z_][a-zA-Z0-9_]*|\$value)\s*\}\}")


def of_instance(instance: Instance, rule: AlertingRule, policy: Policy, prometheus: str | None) -> Alert:
    """The alert of a series that fired, or is over. `prometheus`: its address without a password, for the link."""
    labels = labels_of(instance.labels, instance.value, rule, policy)
    annotations = {"summary": f"{rule.name}: {instance.words}"}
    if rule.description:
        annotations["description"] = rule.description
    if rule.runbook:
        annotations["runbook_url"] = rule.runbook
    return Alert(
        source=SOURCE,
        fingerprint=fingerprint_of({**dict(instance.labels), "__rule__": rule.id}),
        status=AlertStatus.FIRING if instance.resolved_at is None else AlertStatus.RESOLVED,
        starts_at=instance.fired_at or instance.active_since,
        labels=labels,
        annotations=annotations,
        ends_at=instance.resolved_at,
        value=None if instance.value is None or not math.isfinite(instance.value) else f"{instance.value:.6g}",
        url=_link(rule, prometheus),
    )


def labels_of(series: Labels, value: float | None, rule: AlertingRule, policy: Policy) -> dict[str, str]:
    """The labels of an alert: the series', then the rule's own, then what routes match on."""
    labels = dict(series)
    labels |= {name: _fill_in(text, labels, value) for name, text in rule.labels.items()}
    labels |= {"alertname": rule.name, "source": SOURCE, "rule": rule.id}
    labels |= {"severity": rule.severity, policy.alerts.severity.label: rule.severity}
    if rule.category:
        labels["category"] = rule.category
    if rule.service:
        labels[policy.alerts.service.label] = rule.service
    if rule.tags:
        labels["tags"] = ",".join(rule.tags)
    return labels


def of_unknown(state: RuleState, rule: AlertingRule, policy: Policy) -> Alert:
    """The alert that a rule cannot be evaluated; resolved once it can. Its route makes it milder than the rule."""
    labels = _unknown_labels(UNKNOWN, rule.severity, policy) | {"rule": rule.id}
    if rule.service:
        labels[policy.alerts.service.label] = rule.service
    summary = (
        f"Rule {rule.id} cannot be evaluated: {state.problem}" if state.problem else f"Rule {rule.id} is evaluated"
    )
    return _unknown(state, {"__unknown__": rule.id}, labels, summary)


def of_unreachable(state: RuleState, rules: Sequence[AlertingRule], policy: Policy) -> Alert:
    """The one alert that no rule can be evaluated, since Prometheus does not answer; as severe as the worst of them."""
    worst = min((policy.rank(rule.severity) for rule in rules), default=0)
    labels = _unknown_labels(UNREACHABLE, policy.severities[worst].key, policy)
    count = f"{len(rules)} {'rule' if len(rules) == 1 else 'rules'}"
    problem = f"Prometheus cannot be asked, so {count} cannot be evaluated: {state.problem}"
    return _unknown(state, {"__unknown__": ""}, labels, problem if state.problem else "Prometheus answers")


def _unknown_labels(name: str, severity: str, policy: Policy) -> dict[str, str]:
    labels = {"alertname": name, "source": SOURCE, "severity": severity}
    return {**labels, policy.alerts.severity.label: severity}


def _unknown(state: RuleState, identity: Mapping[str, str], labels: Mapping[str, str], summary: str) -> Alert:
    since = state.unknown_since
    if since is None:
        raise ValueError(f"{state.rule} is not unknown")
    return Alert(
        source=SOURCE,
        fingerprint=fingerprint_of(identity),
        status=AlertStatus.FIRING if state.unknown_until is None else AlertStatus.RESOLVED,
        starts_at=since,
        labels=labels,
        annotations={"summary": summary},
        ends_at=state.unknown_until,
        nodata=True,
    )


def _fill_in(text: str, labels: Mapping[str, str], value: float | None) -> str:
    """The text with `{{name}}`, `{{ $labels.name }}` and `{{ $value }}` replaced; a label that is missing is empty."""

    def found(match: re.Match[str]) -> str:
        if match[1] == "$value":
            return "" if value is None else f"{value:.6g}"
        return labels.get(match[1], "")

    return _TEMPLATE.sub(found, text)


def _link(rule: AlertingRule, prometheus: str | None) -> str | None:
    query = next(iter(queries(rule.conditions)), None)
    if prometheus is None or query is None:
        return None
    return f"{prometheus.rstrip('/')}/graph?{urlencode({'g0.expr': query, 'g0.tab': '0'})}"


def queries(conditions: Sequence[Condition]) -> list[str]:
    """The queries of conditions, in their order."""
    return [
        query
        for condition in conditions
        for query in (queries(condition.conditions) if isinstance(condition, Composite) else [condition.query])
    ]
