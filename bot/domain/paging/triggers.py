"""Triggers: reasons to page beside the passing of time. Which hold, from when, and when each pages."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from bot.domain.errors import Refused
from bot.domain.incident import Incident, TriggerState, require_open
from bot.domain.incident.classification import REVENUE
from bot.domain.policy.policy import Policy, Trigger, fold_name
from bot.domain.values import durations

# Categories that say by their key what a mark would say.
_CATEGORIES = {
    "data_loss": ("data_loss", "data_integrity"),
    "security": ("security",),
    "public_relations": ("public_relations",),
}


@dataclass(frozen=True, slots=True)
class DueTrigger:
    """A trigger that is to page. `times` counts the pages before."""

    trigger: Trigger
    at: datetime
    times: int


def holds(trigger: Trigger, incident: Incident) -> bool:
    """As far as the incident's own facts say. What happens rather than holds (`manual` …) is tripped by name."""
    if trigger.when == "declared":
        return True
    if trigger.when == "services_affected":
        return len(incident.services) > (trigger.over or 0)
    if trigger.when == "revenue_impact":
        revenue = incident.facts.get(REVENUE)
        return revenue is not None and not isinstance(revenue, bool) and revenue > (trigger.over or 0)
    categories = _CATEGORIES.get(trigger.when)
    return categories is not None and (bool(incident.facts.get(trigger.when)) or incident.category in categories)


def fire_holding(incident: Incident, policy: Policy, now: datetime) -> Incident:
    """Note from when each trigger holds; once it has held it stays so for the episode."""
    return _tripped(incident, [one for one in policy.triggers if holds(one, incident)], now)


def fire(incident: Incident, policy: Policy, when: str, now: datetime) -> Incident:
    """Something has happened: `manual`, `auto_remediation_failed`."""
    return _tripped(incident, [one for one in policy.triggers if one.when == when], now)


def fire_one(incident: Incident, trigger: Trigger, now: datetime) -> Incident:
    """A person says that it holds. Raises `Refused` where it does already, or is not meant for this severity."""
    require_open(incident)
    if not _meant(trigger, incident):
        levels = ", ".join(trigger.severities)
        raise Refused(f"“{trigger.name}” pages at {levels} only, and {incident.id} is {incident.severity}.", "escalate")
    if trigger.key in incident.ladder.tripped:
        raise Refused(f"“{trigger.name}” holds already; `/incident why` says whom it called.", "escalate")
    return _tripped(incident, [trigger], now)


def parse_trigger(policy: Policy, words: str) -> tuple[Trigger, str] | None:
    """The trigger that these words begin with, by key, name or what it looks at, and the rest of them."""
    pieces = words.split()
    for count in range(len(pieces), 0, -1):
        wanted = fold_name("".join(pieces[:count]).rstrip(":,;"))
        for trigger in policy.triggers:
            if wanted in (fold_name(trigger.key), fold_name(trigger.name), fold_name(trigger.when)):
                return trigger, " ".join(pieces[count:])
    return None


def _tripped(incident: Incident, triggers: list[Trigger], now: datetime) -> Incident:
    known = incident.ladder.tripped
    fresh = {one.key: TriggerState(now) for one in triggers if one.key not in known and _meant(one, incident)}
    return replace(incident, ladder=replace(incident.ladder, tripped={**known, **fresh})) if fresh else incident


def due(incident: Incident, policy: Policy) -> list[DueTrigger]:
    """When each trigger pages, or pages again."""
    found = []
    for trigger in policy.triggers:
        fire = incident.ladder.tripped.get(trigger.key)
        since = fire.at if fire else _target_passed(trigger, incident, policy)
        if since is None or not _meant(trigger, incident):
            continue
        if fire is None or fire.last_at is None:
            found.append(DueTrigger(trigger, since + trigger.rung.after, 0))
        elif trigger.rung.repeat is not None:
            found.append(DueTrigger(trigger, fire.last_at + trigger.rung.repeat, fire.times))
    return found


def record_page(incident: Incident, trigger: Trigger, now: datetime) -> Incident:
    before = incident.ladder.tripped.get(trigger.key, TriggerState(now))
    fire = replace(before, times=before.times + 1, last_at=now)
    return replace(incident, ladder=replace(incident.ladder, tripped={**incident.ladder.tripped, trigger.key: fire}))


def _target_passed(trigger: Trigger, incident: Incident, policy: Policy) -> datetime | None:
    """The target time to resolve, which nobody need note: it is known beforehand."""
    target = policy.severity(incident.severity).resolve_within
    if trigger.when != "target_exceeded" or target is None:
        return None
    return durations.add(incident.ladder.started_at, target)


def _meant(trigger: Trigger, incident: Incident) -> bool:
    return not trigger.severities or incident.severity in trigger.severities
