"""Decides which triggers (reasons to page beside the escalation ladder) have fired, and when each one pages.

Facts of an incident fire some triggers, such as data loss. People or a failed playbook step fire others, by name.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from bot.domain.errors import Refused
from bot.domain.incident import Incident, TriggerState, require_open
from bot.domain.incident.classification import REVENUE
from bot.domain.policy.policy import Policy, Trigger, fold_name
from bot.domain.values import durations

# Incident categories that fire a trigger as its flag does.
_CATEGORIES = {
    "data_loss": ("data_loss", "data_integrity"),
    "security": ("security",),
    "public_relations": ("public_relations",),
}


@dataclass(frozen=True, slots=True)
class DueTrigger:
    """A trigger that pages at an instant."""

    trigger: Trigger
    at: datetime
    times: int  # pages before this one


def holds(trigger: Trigger, incident: Incident) -> bool:
    """Whether the incident's facts fire the trigger. False for a trigger that waits for an event such as `manual`."""
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
    """Fire every trigger that holds. A trigger that has fired stays so for the episode."""
    return _mark_fired(incident, [trigger for trigger in policy.triggers if holds(trigger, incident)], now)


def fire(incident: Incident, policy: Policy, when: str, now: datetime) -> Incident:
    """Fire the triggers that wait for the event `when`: `manual`, `auto_remediation_failed`."""
    return _mark_fired(incident, [trigger for trigger in policy.triggers if trigger.when == when], now)


def fire_one(incident: Incident, trigger: Trigger, now: datetime) -> Incident:
    """Fire a trigger because a person says so.

    Raises `Refused` when it has fired already or does not apply at this severity.
    """
    require_open(incident)
    if not _applies(trigger, incident):
        levels = ", ".join(trigger.severities)
        raise Refused(f"“{trigger.name}” pages at {levels} only, and {incident.id} is {incident.severity}.", "escalate")
    if trigger.key in incident.ladder.tripped:
        raise Refused(f"“{trigger.name}” has fired already; `/incident why` says whom it paged.", "escalate")
    return _mark_fired(incident, [trigger], now)


def parse_trigger(policy: Policy, text: str) -> tuple[Trigger, str] | None:
    """The trigger that `text` begins with, by key, name or event, and the rest of the text; None without one.

    The longest name wins.
    """
    words = text.split()
    for count in range(len(words), 0, -1):
        name = fold_name("".join(words[:count]).rstrip(":,;"))
        for trigger in policy.triggers:
            if name in (fold_name(trigger.key), fold_name(trigger.name), fold_name(trigger.when)):
                return trigger, " ".join(words[count:])
    return None


def due(incident: Incident, policy: Policy) -> list[DueTrigger]:
    """Each trigger that has to page, or to page again, and when."""
    pages = []
    for trigger in policy.triggers:
        state = incident.ladder.tripped.get(trigger.key)
        since = state.at if state else _target_passed(trigger, incident, policy)
        if since is None or not _applies(trigger, incident):
            continue
        if state is None or state.last_at is None:
            pages.append(DueTrigger(trigger, since + trigger.rung.after, 0))
        elif trigger.rung.repeat is not None:
            pages.append(DueTrigger(trigger, state.last_at + trigger.rung.repeat, state.times))
    return pages


def record_page(incident: Incident, trigger: Trigger, now: datetime) -> Incident:
    """Count a page of the trigger; it also counts as fired."""
    before = incident.ladder.tripped.get(trigger.key, TriggerState(now))
    state = replace(before, times=before.times + 1, last_at=now)
    return replace(incident, ladder=replace(incident.ladder, tripped={**incident.ladder.tripped, trigger.key: state}))


def _mark_fired(incident: Incident, triggers: list[Trigger], now: datetime) -> Incident:
    fired = incident.ladder.tripped
    new = {
        trigger.key: TriggerState(now)
        for trigger in triggers
        if trigger.key not in fired and _applies(trigger, incident)
    }
    return replace(incident, ladder=replace(incident.ladder, tripped={**fired, **new})) if new else incident


def _target_passed(trigger: Trigger, incident: Incident, policy: Policy) -> datetime | None:
    """When the target time to resolve passes, known in advance; None for other triggers."""
    target = policy.severity(incident.severity).resolve_within
    if trigger.when != "target_exceeded" or target is None:
        return None
    return durations.add(incident.ladder.started_at, target, policy.zone)


def _applies(trigger: Trigger, incident: Incident) -> bool:
    return not trigger.severities or incident.severity in trigger.severities
