"""Parses metrics that people type as a dashboard shows them, such as `error rate 12%, p99 3000 ms`."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from bot.domain.incident.classification import FIGURES, FLAGS, REVENUE
from bot.domain.policy.policy import Policy, fold_name

_PAIR = re.compile(
    r"(?P<name>[A-Za-z][A-Za-z0-9_ -]{0,80}?)\s*(?:[:=]\s*)?(?P<figure>\d+(?:\.\d+)?)\s*(?P<unit>%|ms\b|s\b|k\b|m\b)?",
    re.IGNORECASE,
)
_FACTORS = {"ms": 0.001, "k": 1_000.0, "m": 1_000_000.0}


@dataclass(frozen=True, slots=True)
class MetricInput:
    """The metrics in a text."""

    facts: dict[str, float]  # by the names of the policy
    unknown: tuple[str, ...] = ()  # names that no rule reads, as typed


def metric_names(policy: Policy) -> tuple[str, ...]:
    """The metrics that the policy's rules read, and revenue where a trigger reads it."""
    used = [condition.fact for rule in policy.classification for condition in rule.when if condition.relation]
    if any(trigger.when == "revenue_impact" for trigger in policy.triggers):
        used.append(REVENUE)
    return tuple(dict.fromkeys(name for name in used if name not in (*FIGURES, *FLAGS)))


def parse(text: str, policy: Policy) -> MetricInput:
    """Parse each name with the figure after it; part of a name is enough where only one name has it. Never raises."""
    names, facts, unknown = metric_names(policy), {}, []
    for match in _PAIR.finditer(text):
        typed = match["name"].strip(" -_")
        name = _resolve(typed, names)
        if name is None or not math.isfinite(float(match["figure"])):
            unknown.append(typed)
        else:
            facts[name] = _figure(float(match["figure"]), (match["unit"] or "").lower(), name, policy)
    return MetricInput(facts, tuple(dict.fromkeys(unknown)))


def _resolve(typed: str, names: tuple[str, ...]) -> str | None:
    folded = fold_name(typed)
    exact = [name for name in names if fold_name(name) == folded]
    candidates = exact or [name for name in names if folded and folded in fold_name(name)]
    return candidates[0] if len(candidates) == 1 else None


def _figure(figure: float, unit: str, name: str, policy: Policy) -> float:
    """The figure in the policy's unit: 12 % is 0.12 where rules count from 0 to 1; 3000 ms is 3 s; 20k is 20,000."""
    if unit == "%":
        limits = [c.figure for rule in policy.classification for c in rule.when if c.fact == name and c.relation]
        return figure / 100 if limits and max(limits) <= 1 else figure
    return figure * _FACTORS.get(unit, 1.0) if unit != "m" or name == REVENUE else figure
