"""Builds the domain's description of the status page, with the components of a preset."""

from __future__ import annotations

import functools
from importlib import resources

from bot.domain.policy import status_page_rules as domain
from bot.policy import models
from bot.policy.yaml_source import parse_yaml


def build_status_page(model: models.StatusPage, timezone: str) -> domain.StatusPageRules:
    """The rules of a validated document. `timezone` is the policy's."""
    return domain.StatusPageRules(
        name=model.name,
        url=model.url.rstrip("/") if model.url else None,
        logo=model.logo,
        support=model.support,
        timezone=model.timezone or timezone,
        components=tuple(_component(component, index) for index, component in enumerate(components(model))),
        visibility=model.visibility,
        weights=domain.UptimeWeights(model.weights.degraded, model.weights.partial, model.weights.major),
        history_days=model.history_days,
        subscribe=tuple(model.subscribe),
        webhook_networks=tuple(model.webhook_networks),
    )


def components(model: models.StatusPage) -> list[models.Component]:
    """The components in the order in which they are shown: the preset's with the document's own."""
    by_key = {component.key: component for component in _preset_components(model.preset)} if model.preset else {}
    by_key |= {component.key: component for component in model.components}
    numbered = list(enumerate(by_key.values(), 1))
    return [component for _, component in sorted(numbered, key=lambda item: (_order(item[1], item[0]), item[0]))]


def _order(component: models.Component, index: int) -> int:
    return index if component.order is None else component.order


def _component(model: models.Component, index: int) -> domain.Component:
    return domain.Component(
        key=model.key,
        name=model.name or model.key.replace("-", " ").replace("_", " ").capitalize(),
        description=model.description,
        group=model.group,
        order=_order(model, index + 1),
        services=tuple(model.services),
        probe=model.probe,
        only_show_if_degraded=model.only_show_if_degraded,
    )


@functools.cache
def _preset_components(preset: str) -> tuple[models.Component, ...]:
    path = resources.files("bot.policy").joinpath("presets", "status_page", f"{preset}.yml")
    source = parse_yaml(path.read_text(encoding="utf-8"), f"{preset}.yml")
    return tuple(models.Component.model_validate(entry) for entry in source.values["components"])
