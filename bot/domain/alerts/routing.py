"""Finds the routes that take an alert, the groups it belongs to, and what its labels say of severity and services."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from bot.domain.alerts.alert import Alert
from bot.domain.alerts.service_change import ServiceChange
from bot.domain.policy.alert_rules import AlertAction, AlertRoute, AlertRules
from bot.domain.policy.policy import Policy, fold_name
from bot.domain.policy.severity_names import severity_keyed
from bot.domain.values.patterns import matches_fully

MOST_SKIPPED = 8
NO_ROUTE = AlertRoute("no route", AlertAction.RECORD)


@dataclass(frozen=True, slots=True)
class Placement:
    """An alert in one group."""

    alert: Alert
    route: AlertRoute
    labels: tuple[tuple[str, str], ...]  # of the group
    severity: str  # key of the policy
    service: str | None  # key of the policy
    reason: str  # why this route took it

    @property
    def group_key(self) -> str:
        """The same for all alerts of one route with equal labels of the group."""
        identity = json.dumps([self.route.name, self.labels])
        return hashlib.sha256(identity.encode()).hexdigest()[:32]


def place_all(alerts: Iterable[Alert], policy: Policy) -> list[Placement]:
    """The groups of each alert: one for each route that takes it, or the group of alerts that no route takes."""
    rules, names = policy.alerts, service_names(policy)
    placed = []
    for alert in alerts:
        labels = tuple((label, alert.labels.get(label, "")) for label in rules.group_by)
        severity, service = severity_of(alert.labels, policy), service_of(alert.labels, rules, names)
        for route, reason in matching_routes(alert.labels, rules):
            key = milder(severity, policy) if alert.nodata and route.nodata_milder else severity
            placed.append(Placement(alert, route, labels, key, service, reason))
    return placed


def matching_routes(labels: Mapping[str, str], rules: AlertRules) -> list[tuple[AlertRoute, str]]:
    """The first route that matches, and those after it while each says `continue`; each with the reason in words."""
    routes = []
    for number, route in enumerate(rules.routes, start=1):
        if not matches(route, labels):
            continue
        routes.append((route, f"route {number} of {len(rules.routes)} matches: {in_words(route)}"))
        if not route.goes_on:
            break
    if routes:
        return routes
    return [(NO_ROUTE, f"none of the {len(rules.routes)} routes matches" if rules.routes else "there are no routes")]


def names_source(rules: AlertRules, source: str) -> bool:
    """Whether a route asks for alerts of this source by its name."""
    patterns = [route.match["source"] for route in rules.routes if "source" in route.match]
    return any(is_wanted(pattern, source) for pattern in patterns)


def skipped_routes(labels: Mapping[str, str], rules: AlertRules) -> list[str]:
    """Why each of the routes before the one that takes the alert does not, in words; the first `MOST_SKIPPED`."""
    skipped = []
    for number, route in enumerate(rules.routes, start=1):
        missed = [name for name, expected in route.match.items() if not is_wanted(expected, labels.get(name, ""))]
        if not missed:
            break
        value = labels.get(missed[0], "")
        has = f"is “{value[:80]}”" if value else "is missing"
        skipped.append(f"route {number} does not match: {missed[0]} {has}, wanted {route.match[missed[0]]}")
    return skipped[:MOST_SKIPPED]


def matches(route: AlertRoute, labels: Mapping[str, str]) -> bool:
    """Whether every label of the route has the wanted value; a missing label counts as empty."""
    return has_labels(labels, route.match)


def has_labels(labels: Mapping[str, str], patterns: Mapping[str, str]) -> bool:
    """Whether every wanted label has its value; a missing label counts as empty."""
    return all(is_wanted(value, labels.get(label, "")) for label, value in patterns.items())


def pattern_in(condition: str) -> str | None:
    """The regular expression in a value such as `/staging|dev/`; None for a plain value."""
    return condition[1:-1] if len(condition) > 1 and condition[0] == condition[-1] == "/" else None


def in_words(route: AlertRoute) -> str:
    """The condition of a route in words, such as `env=/staging|dev/, team=payments`."""
    return labels_text(route.match) or "every alert"


def labels_text(patterns: Mapping[str, str]) -> str:
    """Labels with their wanted values, such as `env=/staging|dev/, team=payments`."""
    return ", ".join(f"{label}={value}" for label, value in patterns.items())


def severity_of(labels: Mapping[str, str], policy: Policy) -> str:
    """The severity that the label says: by the map, else by its key or a short form of it, else `otherwise`."""
    rules = policy.alerts.severity
    value = labels.get(rules.label, "")
    mapped = rules.map.get(value.lower())
    if mapped is not None:
        return mapped
    if value and (key := severity_keyed(value, policy)) is not None:
        return key
    return rules.otherwise or policy.severities[len(policy.severities) // 2].key


def milder(severity: str, policy: Policy) -> str:
    """The key of the next milder severity; the mildest stays."""
    keys = [level.key for level in policy.severities]
    return keys[min(keys.index(severity) + 1, len(keys) - 1)] if severity in keys else severity


def service_names(policy: Policy) -> dict[str, str]:
    """The key of each service of the catalog, by its folded key and name."""
    by_name = {fold_name(service.name): key for key, service in policy.services.items() if service.name}
    return by_name | {fold_name(key): key for key in policy.services}


def service_of(labels: Mapping[str, str], rules: AlertRules, names: Mapping[str, str]) -> str | None:
    """The service of the catalog that one of the labels names. None if none does. `names`: of `service_names`."""
    for label in (rules.service.label, *rules.service.also):
        if (name := labels.get(label)) and (key := names.get(fold_name(name))):
            return key
    return None


def in_catalog(changes: Sequence[ServiceChange], policy: Policy) -> list[ServiceChange]:
    """The changes with the keys of their services, where the catalog knows the names."""
    names = service_names(policy) if changes else {}
    return [replace(change, service=names.get(fold_name(change.service), change.service)) for change in changes]


def is_wanted(condition: str, value: str) -> bool:
    """Whether a label has the wanted value: exactly, or as a whole by the regular expression between slashes."""
    pattern = pattern_in(condition)
    return value == condition if pattern is None else matches_fully(pattern, value)
