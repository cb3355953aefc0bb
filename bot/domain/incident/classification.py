"""Suggests a severity by applying the policy's rules to facts that people gave. A person decides.

Every condition of a rule must hold, and a fact that nobody gave meets no condition. Of all rules that match, the one
with the worst severity wins. (The code of document 000 takes the first match, so that a lesser rule can hide a worse
one, and lets a missing metric count as 0 or 1.)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bot.domain.incident.state import Incident
from bot.domain.policy.policy import Condition, Fact, Policy, Rule

# The facts of an impact: `users` and `error_rate` in percent, `latency` as a multiple of the normal one; flags.
FIGURES = ("users", "error_rate", "latency")
FLAGS = ("core", "security", "data_loss", "public_relations")
REVENUE = "revenue"

Facts = Mapping[str, Fact]


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A severity that the rules suggest, and why."""

    severity: str
    reasons: tuple[str, ...]  # names of every matching rule of this severity
    category: str | None = None  # of the first of them that has one
    actions: tuple[str, ...] = ()  # what to do first
    escalate: bool = False  # a rule wants people paged without delay


def suggest(facts: Facts, policy: Policy) -> Suggestion | None:
    """The worst severity whose rules match; None without facts or without a match.

    A rule without conditions matches as soon as a figure is known: a flag alone says nothing about how many people
    notice, and never suggests the mildest severity. Once a figure is known, security suggests the second worst severity
    at least.
    """
    matching = [rule for rule in policy.classification if matches(rule, facts)]
    if not _figure_is_known(facts):
        mildest = policy.severities[-1].key
        matching = [rule for rule in matching if rule.when and rule.severity != mildest]
    elif facts.get("security") and policy.classification:
        second_worst = policy.severities[:2][-1].key
        if all(policy.rank(rule.severity) > policy.rank(second_worst) for rule in matching):
            return Suggestion(second_worst, ("It is about security",))
    if not matching:
        return None
    worst = min(matching, key=lambda rule: policy.rank(rule.severity)).severity
    rules = [rule for rule in matching if rule.severity == worst]
    return Suggestion(
        worst,
        tuple(dict.fromkeys(rule.name for rule in rules)),
        next((rule.category for rule in rules if rule.category), None),
        tuple(dict.fromkeys(action for rule in rules for action in rule.actions)),
        any(rule.escalate for rule in rules),
    )


def _figure_is_known(facts: Facts) -> bool:
    return any(not isinstance(fact, bool) for fact in facts.values())


def matches(rule: Rule, facts: Facts) -> bool:
    """Whether every condition of the rule holds."""
    return all(is_met(condition, facts) for condition in rule.when)


def is_met(condition: Condition, facts: Facts) -> bool:
    """Whether the flag is set, or the figure compares as the condition asks. A missing fact never meets it."""
    fact = facts.get(condition.fact)
    if fact is None:
        return False
    if condition.relation == "":
        return bool(fact)
    if isinstance(fact, bool):
        return False
    match condition.relation:
        case ">":
            return fact > condition.figure
        case ">=":
            return fact >= condition.figure
        case "<":
            return fact < condition.figure
        case _:
            return fact <= condition.figure


def facts_in_use(policy: Policy) -> tuple[str, ...]:
    """The facts that a rule or a trigger of the policy reads, in the order in which the form asks for them."""
    used = {condition.fact for rule in policy.classification for condition in rule.when}
    used |= {trigger.when for trigger in policy.triggers}
    return tuple(fact for fact in (*FIGURES, *FLAGS) if fact in used)


def checklist(incident: Incident, policy: Policy) -> tuple[str, ...]:
    """The first things to do: the actions of the rules that match the facts, then of the rules for the category."""
    suggestion = suggest(incident.facts, policy)
    actions = list(suggestion.actions) if suggestion else []
    if incident.category:
        for rule in policy.classification:
            if rule.category == incident.category:
                actions += rule.actions
    return tuple(dict.fromkeys(actions))
