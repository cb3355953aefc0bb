"""Formats alerting rules as JSON; other programs rely on these fields."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from bot.domain.policy.alerting_rules import AlertingRule
from bot.domain.rules.life import RuleState, State
from storage.rules.switches import Switch

STORED_WITHIN = timedelta(minutes=1)  # an evaluation is stored within this time


def rule_json(rule: AlertingRule, state: RuleState, switch: Switch | None, now: datetime) -> dict[str, Any]:
    """A rule with its state and its newest switch. A rule that is enabled and not evaluated is unknown."""
    enabled = switch.enabled if switch is not None else rule.enabled
    outdated = _not_evaluated(rule, state, now) if enabled else None
    return {
        "id": rule.id,
        "name": rule.name,
        "description": rule.description,
        "severity": rule.severity,
        "category": rule.category,
        "enabled": enabled,
        "state": str(state.state if outdated is None else State.UNKNOWN),
        "value": state.value,
        "since": state.since.isoformat() if state.since else None,
        "evaluated_at": state.evaluated_at.isoformat() if state.evaluated_at else None,
        "problem": outdated or state.problem,
        "labels": dict(rule.labels),
        "tags": list(rule.tags),
        "runbook": rule.runbook,
        "firing": [dict(instance.labels) for instance in state.instances if instance.firing],
        "switched": None
        if switch is None
        else {
            "enabled": switch.enabled,
            "reason": switch.reason,
            "by": switch.actor,
            "at": switch.at.isoformat(),
        },
    }


def _not_evaluated(rule: AlertingRule, state: RuleState, now: datetime) -> str | None:
    """Why the state of the rule is out of date; None if it is current."""
    if state.evaluated_at is None:
        return "it was not evaluated yet; is Tocsin running, and PROMETHEUS_URL set?"
    if now - state.evaluated_at > 3 * rule.every + STORED_WITHIN:
        return f"it was not evaluated since {state.evaluated_at:%Y-%m-%d %H:%M} UTC; is Tocsin running?"
    return None
