"""Turns Opsgenie's services, integrations, routing rules and unsupported objects into objects of an account.

https://docs.opsgenie.com/docs/team-routing-rule-api: the first rule whose criteria match decides whom a team's alerts
notify. Criteria compare fields of the alert; those that compare one with one value become labels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bot.importers.account import Origin, RoutingRule, Sender, Service, SourceObject
from bot.importers.fields import bool_of, id_of, list_of, object_of, text_of
from bot.importers.opsgenie.convert import participant_of

Raw = Mapping[str, Any]
PRIORITIES = (("P1", "critical"), ("P2", "high"), ("P3", "moderate"), ("P4", "low"), ("P5", "informational"))
_LABELS = {"priority": "severity", "message": "alertname", "source": "source", "entity": "entity"}
_REST = {
    "heartbeat": "Write a route with `do: heartbeat` and a `match` for its alert; docs/alerts.md has an example.",
    "maintenance": "For planned work: /incident maintenance, or /incident silence.",
    "forwarding_rule": "Take the shifts meanwhile: /incident cover, once the schedules are here.",
    "alert_policy": "Look at `alerts.routes` and `alerts.inhibit` in docs/alerts.md.",
    "notification_policy": "For delays and quiet hours, look at `wait` and `escalate` of the route in docs/alerts.md.",
    "incident_rule": "Write a route with `do: declare` and the same condition.",
    "incident_template": "Tell the people who declare: /incident declare asks for the same facts.",
    "saved_search": "Nothing to do: /incident search and the console's filters take its place.",
    "custom_role": "Look at `permissions` in docs/policy.md.",
}
_WHY = {
    "heartbeat": "Its pings come from elsewhere than alerts",
    "maintenance": "It switches integrations off for a time",
    "forwarding_rule": "It sends one person's alerts to another; here a cover says so for a schedule",
    "alert_policy": "It rewrites or delays alerts by rules of its own",
    "notification_policy": "It delays or withholds notifications by rules of its own",
    "incident_rule": "It opens incidents by rules of its own",
    "incident_template": "It fills in the form of an incident",
    "saved_search": "It is a view of Opsgenie's alerts",
    "custom_role": "It says what people may do in Opsgenie",
}


def service_of(raw: Raw) -> Service:
    """A service."""
    service = Service(Origin("service", id_of(raw), text_of(raw, "name")))
    service.description, service.team = text_of(raw, "description"), id_of(raw, "teamId")
    return service


def integration_of(raw: Raw) -> Sender:
    """An integration: the sender has to be pointed here."""
    sender = Sender(Origin("integration", id_of(raw), text_of(raw, "name")))
    sender.vendor, sender.team = text_of(raw, "type"), id_of(raw, "teamId")
    if not bool_of(raw, "enabled", default=True):
        sender.note("It is switched off in Opsgenie", "Nothing to do if nobody misses it.", lost=True)
    return sender


def rules_of(team: Raw) -> list[RoutingRule]:
    """The routing rules of a team, in the order in which they are tried."""
    rules = sorted(list_of(team, "routing"), key=lambda raw: (bool_of(raw, "isDefault", default=False), _order(raw)))
    return [_rule(team, raw) for raw in rules]


def _order(raw: Raw) -> float:
    order = raw.get("order")
    return float(order) if isinstance(order, int | float) and not isinstance(order, bool) else 0.0


def _rule(team: Raw, raw: Raw) -> RoutingRule:
    name = f"{text_of(team, 'name')}: {text_of(raw, 'name') or 'default'}"
    rule = RoutingRule(Origin("routing_rule", f"{id_of(team)}/{id_of(raw)}", name), team=id_of(team))
    rule.target = participant_of(object_of(raw, "notify"))
    criteria = object_of(raw, "criteria")
    conditions = list_of(criteria, "conditions")
    rule.everything = not conditions
    if object_of(raw, "timeRestriction"):
        rule.note("It holds at some hours only; here at all hours", "Give the route's schedule `hours` instead.")
    if len(conditions) > 1 and text_of(criteria, "type") != "match-all-conditions":
        rule.note("It holds where any of several conditions does", "Write a route for each condition.", lost=True)
    for condition in conditions:
        _match(rule, condition)
    return rule


def _match(rule: RoutingRule, condition: Raw) -> None:
    field, operation, value = (text_of(condition, name) for name in ("field", "operation", "expectedValue"))
    label = _LABELS.get(field) or (text_of(condition, "key") if field in ("details", "extra-properties") else "")
    negated = bool_of(condition, "not", default=False)
    if operation == "equals" and label and value and not negated:
        rule.match[label] = value
        return
    text = " ".join(part for part in ("not" if negated else "", field, operation, value) if part)
    rule.note(f"Its condition “{text}” is no comparison of a label with a value", "Write the route by hand.", lost=True)


def priorities() -> list[SourceObject]:
    """The five priorities that every account has, worst first."""
    return [SourceObject(Origin("priority", key, name)) for key, name in PRIORITIES]


def unsupported_of(kinds: Mapping[str, Sequence[Raw]]) -> list[SourceObject]:
    """The objects that have no counterpart in Tocsin, each with a note on what to do instead."""
    source_objects = []
    for kind, items in kinds.items():
        for raw in items:
            name = text_of(raw, "name") or text_of(raw, "description") or text_of(raw, "alias")
            source_object = SourceObject(Origin(kind, id_of(raw) or id_of(raw, "alias") or text_of(raw, "name"), name))
            source_object.note(_WHY[kind], _REST[kind], lost=True)
            source_objects.append(source_object)
    return source_objects
