"""Builds and reads the form **Impact**, which shows the recorded impact and returns what the person changed."""

from __future__ import annotations

import math
import re
from typing import Any

from bot.domain.incident import Incident
from bot.domain.incident.classification import REVENUE
from bot.domain.incident.impact import CUSTOMERS_TOLD, SLA_BREACH, ImpactInput
from bot.domain.policy.policy import Fact, Policy
from bot.slack.blocks import elements, inputs
from bot.slack.blocks.elements import Block
from bot.slack.blocks.inputs import InputErrors, View
from bot.slack.blocks.modals.services import chosen_services, services_input
from bot.slack.text import title_of

CALLBACK = "impact"
TEXT_LENGTH = 1000
FIGURES = {"users": "Users affected (%)", "error_rate": "Error rate (%)", REVENUE: "Revenue lost so far"}
MARKS = {
    "data_loss": "Data may be lost",
    "security": "Security",
    "public_relations": "It may become public",
    SLA_BREACH: "An SLA is breached",
    CUSTOMERS_TOLD: "Customers are told",
}


def impact_modal(incident: Incident, policy: Policy) -> Block:
    """The form, with blocks `services`, `regions`, one for each figure, and `marks`."""
    shown_values = {
        "services": list(incident.services),
        "regions": list(incident.regions),
        "facts": _recorded_facts(incident),
    }
    return elements.modal(
        CALLBACK,
        "Impact",
        "Save",
        [
            services_input(policy, incident.services),
            elements.input_block(
                "regions",
                "Regions",
                elements.text_input(
                    ", ".join(incident.regions), longest=TEXT_LENGTH, placeholder="eu-west-1, us-east-1"
                ),
                optional=True,
            ),
            *[
                elements.input_block(name, label, _number(name, incident), optional=True)
                for name, label in FIGURES.items()
            ],
            elements.input_block("marks", "Does it touch …", _marks(incident), optional=True),
            elements.context("The card shows this, and it may page people where the policy says so."),
        ],
        inputs.metadata(incident=incident.id, seen=shown_values),
    )


def values_of_impact(view: View, policy: Policy) -> tuple[int, ImpactInput]:
    """The incident's number and the changes since the form was opened, so that a concurrent change is not undone."""
    number, shown_values = inputs.incident_of(view), inputs.metadata_of(view).get("seen") or {}
    services = chosen_services(view, policy)
    shown_services = shown_values.get("services", ())
    former_services = [key for key in shown_services if policy.services and key not in policy.services]
    services = tuple(dict.fromkeys([*services, *former_services]))
    parts = re.split(r"[,\n]", inputs.text(view, "regions"))
    regions = tuple(dict.fromkeys(name for part in parts if (name := title_of(part))))
    facts, before = _facts(view), shown_values.get("facts", {})
    names = (*FIGURES, *MARKS)
    return number, ImpactInput(
        services=services if set(services) != set(shown_services) else None,
        regions=regions if list(regions) != shown_values.get("regions", []) else None,
        facts={name: facts.get(name) for name in names if facts.get(name) != before.get(name)},
    )


def _facts(view: View) -> dict[str, Fact]:
    facts: dict[str, Fact] = {name: True for name in inputs.several(view, "marks") if name in MARKS}
    errors = {}
    for name in FIGURES:
        typed = inputs.text(view, name)
        if not typed:
            continue
        try:
            figure = float(typed.replace(",", ""))
        except ValueError:
            figure = -1.0
        if not math.isfinite(figure) or figure < 0 or (name != REVENUE and figure > 100):
            errors[name] = "Write a number, such as 12000." if name == REVENUE else "Write a number from 0 to 100."
        else:
            facts[name] = figure
    if errors:
        raise InputErrors(errors)
    return facts


def _recorded_facts(incident: Incident) -> dict[str, Any]:
    return {name: fact for name, fact in incident.facts.items() if name in FIGURES or name in MARKS}


def _number(name: str, incident: Incident) -> Block:
    element: Block = {"type": "number_input", "is_decimal_allowed": True, "min_value": "0"}
    if name != REVENUE:
        element["max_value"] = "100"
    figure = incident.facts.get(name)
    if figure is not None and not isinstance(figure, bool):
        element["initial_value"] = f"{figure:.10g}"
    return element


def _marks(incident: Incident) -> Block:
    options = [elements.option(label, name) for name, label in MARKS.items()]
    chosen = [option for option in options if incident.facts.get(option["value"])]
    boxes: Block = {"type": "checkboxes", "options": options}
    return {**boxes, "initial_options": chosen} if chosen else boxes
