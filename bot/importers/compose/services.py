"""Turns services, integrations, routing rules and priorities into services, routes and severities of the policy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.importers.account import NOBODY, RoutingRule, Sender, Service
from bot.importers.compose.draft import Draft
from bot.importers.compose.ladders import rungs_to
from bot.importers.compose.senders import instruction
from bot.importers.merge_text import Addition

_OF_ROUTES = frozenset({"after", "notify", "by", "repeat"})  # what a rung of a route may have


def add_services(draft: Draft) -> None:
    """Add the services, each with the ladder or schedule that its team routes alerts to."""
    keys = draft.keys()
    for service in sorted(draft.account.services, key=lambda service: service.origin.id):
        key = keys.give(service.origin.name, f"service-{service.origin.id}")
        draft.services[service.origin.id] = key
        draft.add("services", key, _service(draft, service), service)


def _service(draft: Draft, service: Service) -> dict[str, Any]:
    value: dict[str, Any] = {"name": service.origin.name}
    if service.description:
        value["description"] = service.description
    if service.ladder in draft.ladders:
        return {**value, "ladder": draft.ladders[service.ladder]}
    if service.ladder:
        service.note("Its escalation policy is not moved", "Give the service a `ladder`.")
    rule = next((rule for rule in draft.account.routing if rule.team == service.team and rule.everything), None)
    if service.team and rule is not None:
        if rule.target.kind == "ladder" and rule.target.id in draft.ladders:
            value["ladder"] = draft.ladders[rule.target.id]
        if rule.target.kind == "schedule" and rule.target.id in draft.schedules:
            value["schedule"] = draft.schedules[rule.target.id]
    if "ladder" not in value and "schedule" not in value and not service.ladder:
        service.note("Nothing says who is on call for it", "Give the service a `schedule` or a `ladder`.")
    return value


def add_routes(draft: Draft) -> None:
    """Add a route for each routing rule: the card pages as the rule does, until somebody acts."""
    routes = draft.existing("alerts").get("routes")
    names = {route.get("name") for route in routes if isinstance(route, Mapping)} if isinstance(routes, list) else set()
    for rule in draft.account.routing:
        if rule.lost:
            continue
        route = _route(draft, rule)
        if route is not None and route["name"] not in names:
            draft.additions.append(Addition(("alerts", "routes"), None, route, draft.origin(rule)))


def _route(draft: Draft, rule: RoutingRule) -> dict[str, Any] | None:
    """The route; None for a rule that takes all alerts and notifies nobody, since having no route does the same."""
    match = dict(rule.match)
    if rule.team in draft.teams:
        match = {"team": draft.teams[rule.team], **match}
    elif rule.team:
        rule.note("Its team is not moved", "Write the route by hand.", lost=True)
        return None
    name = f"{draft.account.source} {rule.origin.id}"
    rungs = rungs_to(draft, rule.target)
    if not rungs:
        if rule.target == NOBODY:
            rule.note("It notifies nobody: the alerts are recorded", "")
        else:
            rule.note(
                f"The {rule.target.text} that it notifies is not moved: the alerts are recorded, and page nobody",
                "Write whom to page to the route's `escalate`, with `do: ask`.",
            )
        return {"name": name, "match": match, "do": "record"}
    escalate = [{key: value for key, value in rung.items() if key in _OF_ROUTES} for rung in rungs]
    if any(set(rung) - _OF_ROUTES for rung in rungs) or (rule.target.kind == "ladder" and _repeats(draft, rule)):
        rule.note("Its card pages by a copy of the ladder without repetitions", "Look at the route's `escalate`.")
    if "team" in match:
        rule.note("", f"Let the senders give these alerts the label team: {match['team']}.", moved=True)
    return {"name": name, "match": match, "do": "ask", "escalate": escalate}


def _repeats(draft: Draft, rule: RoutingRule) -> bool:
    return any(ladder.origin.id == rule.target.id and ladder.repeat for ladder in draft.account.ladders)


def add_senders(draft: Draft) -> None:
    """Note for each integration which line to paste at the sender."""
    for sender in draft.account.senders:
        if not sender.lost:
            _say(draft, sender)


def _say(draft: Draft, sender: Sender) -> None:
    labels = {}
    if sender.team in draft.teams:
        labels["team"] = draft.teams[sender.team]
    if sender.service in draft.services:
        labels["service"] = draft.services[sender.service]
    text = instruction(sender.vendor, draft.hook_url)
    if text is None:
        sender.note(
            f"Tocsin does not read what {sender.vendor or 'it'} sends",
            f"Let it send JSON to {draft.hook_url}/hooks/events; docs/integrations/scripts.md has the fields.",
            lost=True,
        )
        return
    with_labels = (
        f" Give its alerts the labels {', '.join(f'{key}: {value}' for key, value in labels.items())}."
        if labels
        else ""
    )
    sender.note("", text + with_labels, moved=True)


def add_priorities(draft: Draft) -> None:
    """Map the priorities to the severities of the policy, worst first."""
    severity = draft.existing("alerts").get("severity")
    mapped = severity.get("map") if isinstance(severity, Mapping) else None
    levels = mapped if isinstance(mapped, Mapping) else {}
    count = len(draft.account.priorities)
    for number, priority in enumerate(draft.account.priorities):
        key = priority.origin.id
        level = _level(draft, number, count)
        if level is None:
            priority.note("The policy has no severities", "", lost=True)
            continue
        draft.severity_of[key] = str(levels.get(key, level))
        if key not in levels:
            draft.additions.append(Addition(("alerts", "severity", "map"), key, level, draft.origin(priority)))
        elif levels[key] != level:
            priority.note(f"The policy maps it to {levels[key]} already", "", moved=True)


def _level(draft: Draft, number: int, count: int) -> str | None:
    if not draft.severities:
        return None
    last = len(draft.severities) - 1
    return draft.severities[min(number, last) if count <= last + 1 else round(number * last / (count - 1))]
