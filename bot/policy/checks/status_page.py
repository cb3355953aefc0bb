"""Checks the status page: components have keys and names of their own, and services exist."""

from __future__ import annotations

from collections.abc import Iterator

from bot.policy.checks.context import CheckContext
from bot.policy.problems import KeyPath, Problem
from bot.policy.status_page import components


def problems(context: CheckContext) -> Iterator[Problem]:
    """A problem for each component that shares its key or name, and each name that does not exist."""
    model = context.model
    keys: set[str] = set()
    for number, component in enumerate(model.status_page.components):
        path: KeyPath = ("status_page", "components", number)
        if component.key.lower() in keys:
            yield context.problem(path, f"is the second component “{component.key}”. Give it a key of its own.", "")
        keys.add(component.key.lower())
        yield from context.unknown_names((*path, "services"), component.services, model.services, "service")
        if component.probe is not None and component.probe not in model.probes:
            hint = f"Add one under probes, such as `{component.probe}: {{url: https://example.com/health}}`."
            yield context.unknown_name((*path, "probe"), component.probe, model.probes, "probe", hint)
    component_keys = {component.key for component in components(model.status_page)}
    for key, service in model.services.items():
        if model.status_page.components or model.status_page.preset:
            path = ("services", key, "components")
            yield from context.unknown_names(path, service.components, component_keys, "component")


def warnings(context: CheckContext) -> Iterator[Problem]:
    """A warning for components of one name."""
    page = context.model.status_page
    names = [component.name.lower() for component in components(page) if component.name]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        message = f"several components are called {', '.join(twice)}: nobody can tell them apart."
        yield context.problem(("status_page", "components"), message)
