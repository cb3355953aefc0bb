"""Turns PagerDuty's responses into an account."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from bot.importers.account import (
    NOBODY,
    Ladder,
    Origin,
    Override,
    Participant,
    Person,
    Rotation,
    Rung,
    Schedule,
    Sender,
    Service,
    SourceObject,
    Step,
    Team,
)
from bot.importers.fields import id_of, instant_of, int_of, list_of, object_of, text_of
from bot.importers.pagerduty.times import hours_of, turn_of

Raw = Mapping[str, Any]
_METHODS = {"email": "email", "sms": "sms", "phone": "phone", "push_notification": "slack"}
_KINDS = {"user": "person", "schedule": "schedule", "escalation_policy": "ladder", "team": "team"}
_REST = {
    "maintenance_windows": (
        "maintenance_window", "It switches services off for a time", "For planned work: /incident maintenance.",
    ),
    "business_services": (
        "business_service", "Business services are components of the status page here",
        "Write them to `status_page`, if customers should see them.",
    ),
    "event_orchestrations": (
        "event_orchestration", "It routes and rewrites events by rules of its own",
        "Look at `alerts.routes` in docs/alerts.md.",
    ),
    "rulesets": ("ruleset", "It routes events by rules of its own", "Look at `alerts.routes` in docs/alerts.md."),
    "extensions": (
        "extension", "It tells another tool of PagerDuty's incidents",
        "Look at docs/trackers.md and docs/notifiers.md for the tools that Tocsin tells.",
    ),
    "webhook_subscriptions": (
        "webhook_subscription", "It sends PagerDuty's incidents elsewhere",
        "Give the receiver a webhook of Tocsin's: docs/notifiers.md.",
    ),
    "incident_workflows": (
        "incident_workflow", "It acts on incidents by steps of its own", "Write a playbook: docs/playbooks.md.",
    ),
}  # fmt: skip


def person_of(raw: Raw) -> tuple[Person, list[SourceObject]]:
    """A user, and the user's contact methods and notification rules as objects of their own."""
    person = Person(Origin("user", id_of(raw), text_of(raw, "name")), email=text_of(raw, "email").lower())
    source_objects: list[SourceObject] = [_contact_method(person, method) for method in list_of(raw, "contact_methods")]
    kinds = {id_of(method): _kind(method) for method in list_of(raw, "contact_methods")}
    source_objects += [_rule(person, rule, kinds) for rule in list_of(raw, "notification_rules")]
    return person, source_objects


def _kind(raw: Raw) -> str:
    return re.sub(r"_contact_method(_reference)?$", "", text_of(raw, "type"))


def _contact_method(person: Person, raw: Raw) -> SourceObject:
    kind, to = _kind(raw), text_of(raw, "address")
    source_object = SourceObject(Origin("contact_method", id_of(raw), f"{person.origin.name}: {kind}"))
    if kind in ("phone", "sms"):
        digits = re.sub(r"[^0-9]", "", to)
        number = f"+{int_of(raw, 'country_code', 1)}{digits}" if 5 <= len(digits) <= 15 else ""
        if not number:
            source_object.note(f"“{to}” is no telephone number", "Write it to the contact's `phone`.", lost=True)
        else:
            person.take_phone(number, source_object)
    elif kind == "email":
        person.take_email(to, source_object)
    else:
        source_object.note(
            "PagerDuty's app stops with PagerDuty", "Set the contact's `push`, or let Slack's app ring.", lost=True
        )
    return source_object


def _rule(person: Person, raw: Raw, kinds: Mapping[str, str]) -> SourceObject:
    contact = object_of(raw, "contact_method")
    kind = _kind(contact) or kinds.get(id_of(contact), "")
    step = Step(Origin("notification_rule", id_of(raw), f"{person.origin.name}: {kind}"))
    step.method, step.after = _METHODS.get(kind, ""), timedelta(minutes=max(0, int_of(raw, "start_delay_in_minutes")))
    if text_of(raw, "urgency") == "low":
        step.note(
            "It is for low urgency; here a severity's ladder says how people are reached",
            "Look at `by` of the mild severities.",
            lost=True,
        )
    elif not step.method:
        step.note(f"There is no method “{kind}” here", "", lost=True)
    else:
        person.steps.append(step)
        if kind == "push_notification":
            step.note("PagerDuty's app becomes Slack", "Set the contact's `push` for another app that rings.")
    return step


def team_of(raw: Raw) -> Team:
    """A team with its members. PagerDuty names a team's parent, but not the teams in it."""
    team = Team(Origin("team", id_of(raw), text_of(raw, "name")))
    team.members = [id_of(object_of(member, "user")) for member in list_of(raw, "members")]
    return team


def nest(teams: list[Team], raws: list[Raw]) -> None:
    """Set `nested` of each team from the parents that the others name."""
    by_id = {team.origin.id: team for team in teams}
    for raw in raws:
        parent = by_id.get(id_of(object_of(raw, "parent")))
        if parent is not None:
            parent.nested.append(id_of(raw))


def schedule_of(raw: Raw) -> Schedule:
    """A schedule. The API lists the highest layer first; the policy lists it last."""
    schedule = Schedule(Origin("schedule", id_of(raw), text_of(raw, "name")))
    schedule.put_in_zone(text_of(raw, "time_zone"))
    schedule.rotations = [_layer(layer) for layer in reversed(list_of(raw, "schedule_layers"))]
    schedule.overrides = [_override(schedule, override) for override in list_of(raw, "overrides")]
    return schedule


def _layer(raw: Raw) -> Rotation:
    layer = Rotation(Origin("layer", id_of(raw), text_of(raw, "name")))
    layer.anchor = instant_of(raw, "rotation_virtual_start") or instant_of(raw, "start")
    layer.begins_at, layer.ends_at = instant_of(raw, "start"), instant_of(raw, "end")
    layer.participants = [reference_of(object_of(user, "user")) for user in list_of(raw, "users")]
    turn = turn_of(int_of(raw, "rotation_turn_length_seconds"))
    if layer.anchor is None:
        layer.note("It has no start", "Write it by hand.", lost=True)
    if turn is None:
        layer.note("Its turns are no whole hours", "Write it by hand.", lost=True)
    else:
        layer.every, layer.unit = turn
    try:
        layer.hours = hours_of(list_of(raw, "restrictions"))
    except ValueError as error:
        layer.note(f"It has {error}", "Write it by hand.", lost=True)
    return layer


def reference_of(raw: Raw) -> Participant:
    """`{"id": …, "type": "user_reference", "summary": …}`."""
    kind = _KINDS.get(re.sub(r"_reference$", "", text_of(raw, "type") or "user"))
    return Participant(kind, id_of(raw), text_of(raw, "summary") or text_of(raw, "name")) if kind else NOBODY


def _override(schedule: Schedule, raw: Raw) -> Override:
    override = Override(
        Origin("override", id_of(raw), schedule.origin.name), person=reference_of(object_of(raw, "user"))
    )
    override.starts_at, override.ends_at = instant_of(raw, "start"), instant_of(raw, "end")
    if override.starts_at is None or override.ends_at is None or override.ends_at <= override.starts_at:
        override.note("It has no start or no end", "", lost=True)
    return override


def ladder_of(raw: Raw) -> Ladder:
    """An escalation policy. A rule's delay is how long it waits before the next one."""
    ladder = Ladder(Origin("escalation_policy", id_of(raw), text_of(raw, "name")))
    after = timedelta(0)
    for number, rule in enumerate(list_of(raw, "escalation_rules")):
        name = f"{ladder.origin.name}, rule {number + 1}"
        rung = Rung(Origin("escalation_rule", id_of(rule) or f"{ladder.origin.id}/{number + 1}", name), after=after)
        rung.targets = [reference_of(target) for target in list_of(rule, "targets")]
        if text_of(object_of(rule, "escalation_rule_assignment_strategy"), "type") == "round_robin":
            rung.how = "round_robin"
        ladder.rungs.append(rung)
        ladder.repeat_after = timedelta(minutes=max(1, int_of(rule, "escalation_delay_in_minutes", 30)))
        after += ladder.repeat_after
    ladder.repeat = max(0, min(int_of(raw, "num_loops"), 20))
    return ladder


def service_of(raw: Raw) -> tuple[Service, list[Sender]]:
    """A service, and its integrations."""
    service = Service(Origin("service", id_of(raw), text_of(raw, "name")), description=text_of(raw, "description"))
    service.ladder = id_of(object_of(raw, "escalation_policy"))
    if text_of(raw, "status") == "disabled":
        service.note("It is switched off in PagerDuty", "Delete it if nobody misses it.")
    return service, [_integration(service, integration) for integration in list_of(raw, "integrations")]


def _integration(service: Service, raw: Raw) -> Sender:
    name = text_of(raw, "name") or text_of(raw, "summary")
    sender = Sender(Origin("integration", id_of(raw), f"{service.origin.name}: {name}"), service=service.origin.id)
    sender.vendor = text_of(object_of(raw, "vendor"), "summary") or name or text_of(raw, "type")
    return sender


def priorities_of(raws: list[Raw]) -> list[SourceObject]:
    """The priorities, worst first, by the names that alerts carry."""
    ordered = sorted(raws, key=lambda raw: -int_of(raw, "order"))
    return [SourceObject(Origin("priority", text_of(raw, "name"), text_of(raw, "description"))) for raw in ordered]


def unsupported_of(lists: Mapping[str, list[Raw]]) -> list[SourceObject]:
    """The objects that have no counterpart in Tocsin, each with a note on what to do instead."""
    source_objects = []
    for name, (kind, why, do) in _REST.items():
        for raw in lists.get(name, []):
            text = text_of(raw, "name") or text_of(raw, "summary") or text_of(raw, "description")
            source_object = SourceObject(Origin(kind, id_of(raw), text))
            source_object.note(why, do, lost=True)
            source_objects.append(source_object)
    return source_objects
