"""Puts the alerting rules that ship into a policy that asks for them by `rules: {preset: …}`."""

from __future__ import annotations

import functools
from importlib import resources
from typing import Any

from bot.policy.problems import PolicyError, Problem, did_you_mean
from bot.policy.yaml_source import Source, parse_yaml

PRESETS = ("llm-platform",)
_PATH = ("rules", "preset")
_WRITTEN_FOR = ("sev1", "sev2", "sev3", "sev4", "sev5")  # the severities that the presets name, worst first


def add_to(base: dict[str, Any], source: Source) -> dict[str, Any]:
    """Add the rules and metrics of the preset that the file names, if any, to the base; the file loses its name.

    A severity that the policy lacks becomes the one in its place from the worst; a category that it lacks is left out.
    Raises `PolicyError` for a preset that does not exist.
    """  # fmt: skip
    rules = source.values.get("rules")
    if not isinstance(rules, dict) or "preset" not in rules:
        return base
    name = rules["preset"]
    if name not in PRESETS:
        message = f"rules.preset: there is no preset “{name}”.{did_you_mean(str(name), PRESETS, 'There are')}"
        raise PolicyError(source.name, [*source.problems, Problem(_PATH, message, source.line(_PATH))])
    source.values = {**source.values, "rules": {key: rule for key, rule in rules.items() if key != "preset"}}
    preset = _document(name)
    severities = _severities(base, source)
    categories = {**base.get("categories", {}), **(source.values.get("categories") or {})}
    adapted = {key: _adapt(rule, severities, categories) for key, rule in preset["rules"].items()}
    return {**base, "metrics": {**preset["metrics"]}, "rules": adapted}


def _severities(base: dict[str, Any], source: Source) -> list[str]:
    """The keys of the policy's severities, worst first."""
    file = source.values.get("severities")
    merged = {**base.get("severities", {}), **(file if isinstance(file, dict) else {})}
    order = source.values.get("order") or base.get("order") or list(merged)
    return [key for key in order if isinstance(key, str) and merged.get(key) is not None] or list(merged)


def _adapt(rule: dict[str, Any], severities: list[str], categories: dict[str, Any]) -> dict[str, Any]:
    severity = rule["severity"]
    if severity not in severities and severities:
        severity = severities[min(_WRITTEN_FOR.index(severity), len(severities) - 1)]
    category = rule["category"] if categories.get(rule["category"]) is not None else None
    return {**rule, "severity": severity, "category": category}


@functools.cache
def _document(name: str) -> dict[str, Any]:
    text = resources.files("bot.policy").joinpath("rule_presets", f"{name}.yml").read_text(encoding="utf-8")
    source = parse_yaml(text, f"{name}.yml")
    if source.problems:
        raise PolicyError(source.name, source.problems)
    return source.values
