"""Checks the rules for alerts: severities exist, names of routes are unique, and each route can match."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bot.domain.alerts.alert import SOURCE_NAMES
from bot.domain.alerts.routing import is_wanted, pattern_in
from bot.domain.policy.policy import fold_name
from bot.policy.build import route_name
from bot.policy.checks.context import CheckContext
from bot.policy.models import AlertRoute
from bot.policy.problems import KeyPath, Problem

ANY_VALUE = "/.*/"
LISTED = re.compile(r"[\w -]+(\|[\w -]+)*")  # values without special characters


def problems(context: CheckContext) -> Iterator[Problem]:
    """A problem for each severity that does not exist, and each name that two routes share."""
    model = context.model
    path: KeyPath = ("alerts", "severity")
    hint = f"Use one of: {', '.join(model.severities)}."
    for value, key in model.alerts.severity.map.items():
        if key not in model.severities:
            yield context.unknown_name((*path, "map", value), key, model.severities, "severity", hint)
    otherwise = model.alerts.severity.otherwise
    if otherwise is not None and otherwise not in model.severities:
        yield context.unknown_name((*path, "otherwise"), otherwise, model.severities, "severity", hint)
    names = [route_name(route) for route in model.alerts.routes]
    for number, name in enumerate(names):
        if name in names[:number]:
            message = f"is the second route “{name}”. Give it a `name` of its own, or remove it."
            yield context.problem(("alerts", "routes", number), message, "")


def warnings(context: CheckContext) -> Iterator[Problem]:
    """A warning for each route that can never match or does less than it says, and alerts that no route takes."""
    routes = context.model.alerts.routes
    yield from _unknown_services(context)
    yield from _unknown_sources(context)
    yield from _without_effect(context)
    for number, route in enumerate(routes):
        path: KeyPath = ("alerts", "routes", number)
        hides = next((earlier for earlier in routes[:number] if not earlier.goes_on and _covers(earlier, route)), None)
        if hides is not None:
            message = f"never matches: the route “{route_name(hides)}” before it takes all of its alerts. Move it up."
            yield context.problem(path, message, "")
        if route.do in ("ask", "attach") and route.channel is None and context.model.announce is None:
            yield context.problem(path, "asks nobody: it has no channel, and there is no `announce` channel.", "")
    if routes and all(route.match for route in routes):
        message = "no route takes the remaining alerts: they are recorded only. End with `{do: ask}` to be asked."
        yield context.problem(("alerts", "routes"), message)


def _covers(earlier: AlertRoute, later: AlertRoute) -> bool:
    """Whether each alert of the later route is one of the earlier route's, as far as the conditions tell."""
    return all(_implies(later.match.get(label), condition) for label, condition in earlier.match.items())


def _implies(later: str | None, condition: str) -> bool:
    """Whether each value that the later route takes is wanted, as far as that can be told.

    An expression is compared as text, or by its values if it only lists some, such as `/staging|dev/`.
    """
    if condition in (ANY_VALUE, later):
        return True
    if later is None:
        return False
    pattern = pattern_in(later)
    if pattern is not None and not re.fullmatch(LISTED, pattern):
        return False
    return all(is_wanted(condition, value) for value in ([later] if pattern is None else pattern.split("|")))


def _unknown_services(context: CheckContext) -> Iterator[Problem]:
    """A warning for each service that a route or an inhibition names and the catalog does not have."""
    model = context.model
    if not model.services:
        return
    service_names = {fold_name(name) for key, service in model.services.items() for name in (key, service.name or key)}
    for path, match in _matches(context):
        service_name = match.get(model.alerts.service.label)
        if service_name and pattern_in(service_name) is None and fold_name(service_name) not in service_names:
            label_path = (*path, model.alerts.service.label)
            yield context.unknown_name(label_path, service_name, model.services, "service", "Add it to `services`.")


def _unknown_sources(context: CheckContext) -> Iterator[Problem]:
    """A warning for each source that a route or an inhibition names and no alert can have."""
    for path, match in _matches(context):
        source = match.get("source")
        if source is not None and not any(is_wanted(source, name) for name in SOURCE_NAMES):
            hint = f"There are: {', '.join(SOURCE_NAMES)}."
            yield context.unknown_name((*path, "source"), source, SOURCE_NAMES, "source of alerts", hint)


def _matches(context: CheckContext) -> Iterator[tuple[KeyPath, dict[str, str]]]:
    alerts = context.model.alerts
    for number, route in enumerate(alerts.routes):
        yield ("alerts", "routes", number, "match"), route.match
    for number, rule in enumerate(alerts.inhibit):
        yield ("alerts", "inhibit", number, "source"), rule.source
        yield ("alerts", "inhibit", number, "target"), rule.target


def _without_effect(context: CheckContext) -> Iterator[Problem]:
    """A warning for each setting of a route that has no effect with its `do`."""
    for number, route in enumerate(context.model.alerts.routes):
        path: KeyPath = ("alerts", "routes", number)
        if route.escalate and route.do not in ("ask", "attach"):
            message = f"pages nobody: a route with `do: {route.do}` asks nobody. The incident's own ladder pages."
            yield context.problem((*path, "escalate"), message, "")
        if route.do in ("record", "drop") and (route.at_least > 1 or route.resolve == "propose"):
            yield context.problem(path, f"`at_least` and `resolve` do nothing beside `do: {route.do}`.", "")
