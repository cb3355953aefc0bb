"""Builds and reads the input of the affected services, which several forms contain."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.domain.policy.policy import Policy
from bot.slack.blocks import elements, inputs
from bot.slack.blocks.elements import Block
from bot.slack.blocks.inputs import View
from bot.slack.text import title_of


def services_input(policy: Policy, selected: Sequence[str] = ()) -> Block:
    """A select of the policy's services, or a text input if it has none. Slack wants groups beyond 100 options."""
    label = "Affected services"
    options = [
        elements.option(service.name or key, key)
        for key, service in policy.services.items()
        if 0 < len(key) <= elements.OPTION_VALUE
    ]
    if not options:
        element = elements.text_input(", ".join(selected), longest=1000, placeholder="checkout, payments")
        return elements.input_block("services", label, element, optional=True, hint="Separate several with commas.")
    chooser: Block = {
        "type": "multi_static_select",
        "placeholder": elements.plain_text("Choose any", elements.PLACEHOLDER),
    }
    if len(options) <= elements.OPTIONS:
        chooser["options"] = options
    else:
        parts = [options[i : i + elements.OPTIONS] for i in range(0, len(options), elements.OPTIONS)][: elements.GROUPS]
        chooser["option_groups"] = [
            {
                "label": elements.plain_text(f"{part[0]['text']['text'][:30]} to {part[-1]['text']['text'][:30]}", 75),
                "options": part,
            }
            for part in parts
        ]
    if chosen := [option for option in options if option["value"] in selected]:
        chooser["initial_options"] = chosen
    return elements.input_block("services", label, chooser, optional=True)


def chosen_services(view: View, policy: Policy) -> tuple[str, ...]:
    """The keys of the chosen services, or the typed names if the policy has no services."""
    if policy.services:
        return inputs.several(view, "services")
    parts = re.split(r"[,\n]", inputs.text(view, "services"))
    return tuple(dict.fromkeys(name for part in parts if (name := title_of(part))))
