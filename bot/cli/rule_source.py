"""Finds the rules that a command names: by ID, in a file, or written in one line."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from bot import policy as policy_reader
from bot.domain.alerts.routing import severity_of
from bot.domain.errors import TocsinError
from bot.domain.policy.alerting_rules import AlertingRule
from bot.domain.policy.policy import Policy
from bot.policy.reader import LoadedPolicy
from bot.policy.yaml_source import Source, parse_yaml
from bot.usecases.rules.rule_line import TRIED, condition_of, policy_with_line


def policy_in_force(path: Path | None) -> LoadedPolicy:
    """The policy of the settings."""
    return policy_reader.read(path)


def resolve_rules(loaded: LoadedPolicy, source: str) -> tuple[Policy, list[AlertingRule]]:
    """Resolve `source` to rules: an ID, a file of rules, or one rule in a line such as `up == 0 for 5m`.

    Also returns the policy with them. Raises `TocsinError`.
    """
    if source in loaded.policy.rules:
        return loaded.policy, [loaded.policy.rules[source]]
    path = Path(source)
    if "\n" not in source and len(source) < 1000 and path.is_file():
        policy = policy_with(loaded, path)
        rules = _named_in(path, policy)
        return policy, rules
    policy = policy_with_line(loaded.document, loaded.policy, source)
    return policy, [policy.rules[TRIED]]


def policy_with(loaded: LoadedPolicy, path: Path) -> Policy:
    """The policy with the rules of a file merged into it: a policy, or one rule by itself."""
    return policy_reader.with_fragment(loaded.document, _fragment(path, loaded.policy))


def _named_in(path: Path, policy: Policy) -> list[AlertingRule]:
    rules = _fragment(path, policy).values.get("rules") or {}
    if "preset" in rules:
        return list(policy.rules.values())
    return [policy.rules[key] for key, rule in rules.items() if rule is not None]


def _fragment(path: Path, policy: Policy) -> Source:
    """The rules and metrics of a file: a policy, a single rule, or a rule file of Prometheus."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise TocsinError(f"{path} cannot be read ({type(error).__name__}).") from None
    source = parse_yaml(text, str(path), "rules:")
    if source.problems:
        raise TocsinError("\n".join(problem.located(str(path)) for problem in source.problems))
    if "conditions" in source.values:
        return Source(str(path), {"rules": {str(source.values.pop("id", TRIED)): source.values}})
    if "groups" in source.values:
        return Source(str(path), {"rules": _of_prometheus(source.values, path, policy)})
    source.values = {key: source.values[key] for key in ("rules", "metrics") if key in source.values}
    return source


def _of_prometheus(document: dict[str, Any], path: Path, policy: Policy) -> dict[str, Any]:
    """Convert a rule file of Prometheus into the rules of a policy.

    https://prometheus.io/docs/prometheus/latest/configuration/alerting_rules/
    """
    rules: dict[str, Any] = {}
    for group in document["groups"] or []:
        for rule in group.get("rules") or []:
            if "alert" not in rule or "expr" not in rule:
                continue  # a recording rule
            labels = {str(key): str(value) for key, value in (rule.get("labels") or {}).items()}
            severity = severity_of(labels, policy)
            labels.pop(policy.alerts.severity.label, None)
            name = str(rule["alert"])
            rules[re.sub(r"[^A-Za-z0-9_.-]", "-", name)] = {
                "name": name,
                "severity": severity,
                "conditions": [condition_of(" ".join(str(rule["expr"]).split()))],
                "for": str(rule.get("for", "0s")),
                "keep_firing": str(rule.get("keep_firing_for", "0s")),
                "every": str(group.get("interval", "1m")),
                "labels": labels,
            }
    if not rules:
        raise TocsinError(f"{path} has no alerting rules.")
    return rules
