"""Checks whether the labels that the policy names for alerts occur in the alerts of the last 30 days."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from bot.check.finding import Finding, ok, warn
from bot.domain.alerts.routing import is_wanted
from bot.domain.policy.alert_rules import AlertRules
from bot.domain.policy.policy import Policy
from storage.alerts import members
from storage.database import Database

LOOKED_BACK = timedelta(days=30)
MOST_GROUPS, MOST_ALERTS = 1000, 5000  # the newest ones are read
ALWAYS = frozenset({"alertname", "source"})


async def check(database: Database, policy: Policy, now: datetime) -> list[Finding]:
    """Warn of each label or value in the policy that no recent alert had. Empty if there were no alerts."""
    async with database.reading() as conn:
        label_sets = await members.labels_since(conn, now - LOOKED_BACK, MOST_GROUPS, MOST_ALERTS)
    if not label_sets:
        return []
    missing = list(dict.fromkeys(_missing(policy.alerts, label_sets)))
    if not missing:
        return [ok("alerts", "every label that the policy names occurred in the last 30 days")]
    return [warn("alerts", f"{rule}: no alert of the last 30 days had {label}.") for rule, label in missing]


def _missing(rules: AlertRules, label_sets: Sequence[Mapping[str, str]]) -> Iterator[tuple[str, str]]:
    """Yield each place in the policy whose label, or label with value, none of these alerts has."""
    for rule, label in _labels(rules):
        if label not in ALWAYS and not any(labels.get(label) for labels in label_sets):
            yield rule, f"the label {label}"
    for rule, match in _conditions(rules):
        for label, condition in match.items():
            if not any(is_wanted(condition, labels.get(label, "")) for labels in label_sets):
                yield rule, f"{label}={condition}"


def _labels(rules: AlertRules) -> Iterator[tuple[str, str]]:
    yield from (("alerts.group_by", label) for label in rules.group_by)
    yield "alerts.severity.label", rules.severity.label
    if not rules.service.also:
        yield "alerts.service.label", rules.service.label
    yield from ((f"alerts.inhibit[{n}].equal", label) for n, rule in enumerate(rules.inhibit) for label in rule.equal)


def _conditions(rules: AlertRules) -> Iterator[tuple[str, Mapping[str, str]]]:
    for number, route in enumerate(rules.routes):
        yield f"alerts.routes[{number}].match", route.match
    for number, rule in enumerate(rules.inhibit):
        yield f"alerts.inhibit[{number}].source", rule.source
        yield f"alerts.inhibit[{number}].target", rule.target
