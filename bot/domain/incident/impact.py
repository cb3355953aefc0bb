"""Computes how an incident changes when people report its impact: services, regions, facts such as affected users.

Triggers (reasons to page), the suggested severity and the review after the incident read these facts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from bot.domain.errors import Refused
from bot.domain.incident.classification import FIGURES, FLAGS, REVENUE
from bot.domain.incident.state import Change, Incident
from bot.domain.incident.status import Status
from bot.domain.policy.policy import Fact
from bot.domain.timeline.entry import entry

SLA_BREACH, CUSTOMERS_TOLD = "sla_breach", "customers_told"
IMPACT_FIGURES = (*FIGURES, REVENUE)
IMPACT_FLAGS = (*FLAGS, SLA_BREACH, CUSTOMERS_TOLD)
# How each fact reads on the card and on the timeline.
PHRASES: Mapping[str, str] = {
    "users": "{:g} % of users",
    "error_rate": "{:g} % of requests fail",
    "latency": "{:g}× slower",
    REVENUE: "{:,.10g} of revenue lost",
    "core": "core functionality",
    "security": "security",
    "data_loss": "data may be lost",
    "public_relations": "may become public",
    SLA_BREACH: "SLA breached",
    CUSTOMERS_TOLD: "customers are told",
}


@dataclass(frozen=True, slots=True)
class ImpactInput:
    """A change of the impact. None leaves the services or regions as they are."""

    services: tuple[str, ...] | None = None
    regions: tuple[str, ...] | None = None
    facts: Mapping[str, Fact | None] = field(default_factory=dict)  # None or False removes a fact; others stay


def record(incident: Incident, impact: ImpactInput, actor: str, now: datetime) -> Change:
    """Change the impact. Allowed after the end, for the review; repeating what is known changes nothing.

    Raises `Refused` for cancelled and merged incidents.
    """
    if incident.status in (Status.CANCELLED, Status.MERGED):
        raise Refused(f"{incident.id} is {incident.status}: its impact is no longer recorded.", "list")
    facts: dict[str, Fact] = {**incident.facts}
    for name, fact in impact.facts.items():
        if fact is None or fact is False:
            facts.pop(name, None)
        else:
            facts[name] = fact
    services = incident.services if impact.services is None else impact.services
    regions = incident.regions if impact.regions is None else impact.regions
    changed = replace(incident, services=services, regions=regions, facts=facts)
    if changed == incident:
        return Change(incident)
    text = "; ".join(_differences(incident, changed))
    return Change(changed, (entry(now, "impact", actor, text, told=incident.open, facts=facts),))


def describe(facts: Mapping[str, Fact]) -> list[str]:
    """Each fact in words: figures first, then metrics read off dashboards, then flags."""
    figures = [PHRASES[name].format(facts[name]) for name in IMPACT_FIGURES if name in facts]
    metrics = [
        f"{name.replace('_', ' ')} {fact:g}"
        for name, fact in facts.items()
        if name not in PHRASES and not isinstance(fact, bool)
    ]
    return [*figures, *metrics, *(PHRASES[name] for name in IMPACT_FLAGS if facts.get(name))]


def _differences(before: Incident, after: Incident) -> list[str]:
    lines = []
    if before.services != after.services:
        lines.append(f"services: {', '.join(after.services) or 'none'}")
    if before.regions != after.regions:
        lines.append(f"regions: {', '.join(after.regions) or 'none'}")
    lines += describe({name: fact for name, fact in after.facts.items() if before.facts.get(name) != fact})
    removed = {name: fact for name, fact in before.facts.items() if name not in after.facts}
    return lines + [f"no longer: {words}" for words in describe(removed)]
