"""Converts the alerting rules and probes of a validated policy document into domain values."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from bot.domain.policy import alerting_rules as domain
from bot.domain.policy.probe_rules import Probe
from bot.domain.values.durations import BusinessDays, parse_span
from bot.policy import models
from bot.policy.models.alerting_rules import CHANGE

HOUR_BEFORE = timedelta(hours=1)  # what a rate of change without `over` is against


def build_rule(key: str, model: models.AlertingRule, metrics: Mapping[str, str]) -> domain.AlertingRule:
    """A rule, with the queries that its conditions name."""
    return domain.AlertingRule(
        id=key,
        name=model.name or key,
        description=model.description,
        severity=model.severity,
        category=model.category,
        service=model.service,
        every=_span(model.every),
        when=domain.When(model.when),
        conditions=tuple(_condition(condition, metrics) for condition in model.conditions),
        hold=_span(model.hold),
        keep_firing=_span(model.keep_firing),
        auto_resolve=model.auto_resolve,
        runbook=model.runbook,
        labels=dict(model.labels),
        tags=tuple(model.tags),
        escalate=tuple(_rung(rung) for rung in model.escalate),
        enabled=model.enabled,
    )


def build_probe(key: str, model: models.Probe) -> Probe:
    """A probe."""
    return Probe(
        id=key,
        url=model.url,
        every=_span(model.every),
        timeout=_span(model.timeout),
        method=model.method,
        expect=tuple(model.expect),
        contains=model.contains,
        fail_after=model.fail_after,
        recover_after=model.recover_after,
        service=model.service,
        severity=model.severity,
        tls_expires_within=_optional(model.tls_expires_within),
        addresses=tuple(model.addresses),
    )


def _condition(model: models.AlertingCondition, metrics: Mapping[str, str]) -> domain.Condition:
    query, over = model.query or metrics.get(model.metric or "", ""), _optional(model.over)
    aggregation = domain.Aggregation(model.aggregation or "avg")
    if model.type == "composite":
        inner = tuple(_condition(condition, metrics) for condition in model.conditions or [])
        return domain.Composite(domain.When(model.when or "all"), inner)
    if model.type == "threshold":
        operator = domain.Operator(model.op or "gt")
        return domain.Threshold(query, operator, model.value or 0.0, over, aggregation, model.metric)
    if model.type == "rate_of_change":
        match = CHANGE.match(model.by or "")
        if match is None:
            raise TypeError(f"{model.by} has passed validation as a change")
        by = float(match[2]) * (-1 if match[1] == "-" else 1)
        return domain.RateOfChange(query, over or HOUR_BEFORE, by, bool(match[3]), model.metric)
    if model.type == "absence":
        return domain.Absence(query, over, model.metric)
    return _anomaly(model, query)


def _anomaly(model: models.AlertingCondition, query: str) -> domain.Anomaly:
    usual = domain.Anomaly(query)
    return domain.Anomaly(
        query=query,
        method=domain.Method(model.method or usual.method),
        direction=domain.Direction(model.direction or usual.direction),
        sensitivity=usual.sensitivity if model.sensitivity is None else model.sensitivity,
        floor=usual.floor if model.floor is None else model.floor,
        training=_optional(model.training) or usual.training,
        offset=usual.offset if model.offset is None else _span(model.offset),
        minimum_samples=model.minimum_samples or usual.minimum_samples,
        over=_optional(model.over),
        aggregation=domain.Aggregation(model.aggregation or usual.aggregation),
        metric=model.metric,
    )


def _rung(model: models.AlertRung) -> domain.EscalationRung:
    return domain.EscalationRung(
        _span(model.after), tuple(model.notify), tuple(model.by), _optional(model.repeat)
    )  # fmt: skip


def _optional(text: str | None) -> timedelta | None:
    return None if text is None else _span(text)


def _span(text: str) -> timedelta:
    span = parse_span(text)
    if isinstance(span, BusinessDays):
        raise TypeError(f"{text} has passed validation as a duration of the clock")
    return span
