"""Checks the rules for alerts: severities exist, names of routes are unique, and each route can match."""

from __future__ import annotations

from collections.abc import Iterator

from bot.policy.build import route_name
from bot.policy.checks.context import CheckContext
from bot.policy.models import AlertRoute
from bot.policy.problems import KeyPath, Problem


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
    """A warning for each route that can never match, each card without a channel, and alerts that no route takes."""
    routes = context.model.alerts.routes
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
    """Whether each alert of the later route is one of the earlier route's, as far as equal conditions tell."""
    return all(later.match.get(label) == wanted for label, wanted in earlier.match.items())
