"""Figures that people type as they read them off a dashboard: `error rate 12%, p99 3000 ms`. Pure; never raises."""

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
_TIMES = {"ms": 0.001, "k": 1_000.0, "m": 1_000_000.0}


@dataclass(frozen=True, slots=True)
class MetricInput:
    """`facts` by the names of the policy; `unknown` are names that no rule looks at."""

    facts: dict[str, float]
    unknown: tuple[str, ...] = ()


def metric_names(policy: Policy) -> tuple[str, ...]:
    """The metrics that the policy's rules look at, and revenue where a trigger or a rule does."""
    used = [condition.fact for rule in policy.classification for condition in rule.when if condition.relation]
    if any(trigger.when == "revenue_impact" for trigger in policy.triggers):
        used.append(REVENUE)
    return tuple(dict.fromkeys(name for name in used if name not in (*FIGURES, *FLAGS)))


def parse(text: str, policy: Policy) -> MetricInput:
    """Each name with the figure after it. A part of a name is enough where it is the only one that has it."""
    known, facts, unknown = metric_names(policy), {}, []
    for match in _PAIR.finditer(text):
        said = match["name"].strip(" -_")
        name = _meant(said, known)
        if name is None or not math.isfinite(float(match["figure"])):
            unknown.append(said)
        else:
            facts[name] = _figure(float(match["figure"]), (match["unit"] or "").lower(), name, policy)
    return MetricInput(facts, tuple(dict.fromkeys(unknown)))


def _meant(said: str, known: tuple[str, ...]) -> str | None:
    wanted = fold_name(said)
    exact = [name for name in known if fold_name(name) == wanted]
    close = exact or [name for name in known if wanted and wanted in fold_name(name)]
    return close[0] if len(close) == 1 else None


def _figure(figure: float, unit: str, name: str, policy: Policy) -> float:
    """12 % of a rate that the rules count from 0 to 1 is 0.12; 3000 ms are 3 s; 20k are 20,000."""
    if unit == "%":
        bars = [c.figure for rule in policy.classification for c in rule.when if c.fact == name and c.relation]
        return figure / 100 if bars and max(bars) <= 1 else figure
    return figure * _TIMES.get(unit, 1.0) if unit != "m" or name == REVENUE else figure
