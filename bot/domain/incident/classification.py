"""How bad is it? A suggestion from facts, with its reasons; a person decides.

Rules are policy. Every condition of a rule must hold; a fact that nobody gave never matches; of all rules that match
the worst severity wins. (The code of document 000 takes the first match, so that a lesser rule can hide a worse one,
and lets a missing metric count as 0 or 1.)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.domain.incident import Incident
from bot.domain.policy.policy import Condition, Fact, Policy, Rule

# What people can say of an impact: `users` and `error_rate` in percent, `latency` as a multiple of the normal one.
FIGURES = ("users", "error_rate", "latency")
FLAGS = ("core", "security", "data_loss", "public_relations")
REVENUE = "revenue"

Facts = Mapping[str, Fact]


@dataclass(frozen=True, slots=True)
class Suggestion:
    """`reasons` are those of every rule that speaks for this severity."""

    severity: str
    reasons: tuple[str, ...]
    category: str | None = None
    actions: tuple[str, ...] = ()
    escalate: bool = False  # the rule wants people paged without waiting

    @property
    def explained(self) -> str:
        """`sev2: half of the users or more are affected`."""
        return f"{self.severity}: {'; '.join(self.reasons)}"


def suggest(facts: Facts, policy: Policy) -> Suggestion | None:
    """None where no fact was given, or no rule matches. A rule without conditions holds for any facts at all."""
    if not facts:
        return None
    matching = [rule for rule in policy.classification if matches(rule, facts)]
    if not matching:
        return None
    worst = min(matching, key=lambda rule: policy.rank(rule.severity)).severity
    speaking = [rule for rule in matching if rule.severity == worst]
    return Suggestion(
        worst,
        tuple(dict.fromkeys(rule.name for rule in speaking)),
        next((rule.category for rule in speaking if rule.category), None),
        tuple(dict.fromkeys(action for rule in speaking for action in rule.actions)),
        any(rule.escalate for rule in speaking),
    )


def matches(rule: Rule, facts: Facts) -> bool:
    return all(is_met(condition, facts) for condition in rule.when)


def is_met(condition: Condition, facts: Facts) -> bool:
    """A mark must be set; a figure must stand in its relation. What is not known is not met."""
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
    """Which of the facts that people can say the policy's rules and triggers look at, in the order of the form."""
    used = {condition.fact for rule in policy.classification for condition in rule.when}
    used |= {trigger.when for trigger in policy.triggers}  # a mark pages where a trigger looks at it
    return tuple(fact for fact in (*FIGURES, *FLAGS) if fact in used)


def checklist(incident: Incident, policy: Policy) -> tuple[str, ...]:
    """What the rules recommend to do first: those that its facts match at the worst, and those of its category."""
    found: Sequence[str] = ()
    if suggestion := suggest(incident.facts, policy):
        found = suggestion.actions
    if incident.category:
        mine = [rule for rule in policy.classification if rule.category == incident.category]
        found = [*found, *(action for rule in mine for action in rule.actions)]
    return tuple(dict.fromkeys(found))
