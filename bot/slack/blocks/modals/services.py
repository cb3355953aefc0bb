"""Builds and reads the input of the affected services, which several forms contain."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.domain.policy.policy import Policy
from bot.slack.blocks import choices, elements, inputs
from bot.slack.blocks.elements import Block
from bot.slack.blocks.inputs import View
from bot.slack.text import title_of


def services_input(policy: Policy, selected: Sequence[str] = ()) -> Block:
    """A select of the policy's services, or a text input if it has none."""
    label = "Affected services"
    if (chooser := choices.multi_select("services", policy, selected)) is None:
        element = elements.text_input(", ".join(selected), longest=1000, placeholder="checkout, payments")
        return elements.input_block("services", label, element, optional=True, hint="Separate several with commas.")
    return elements.input_block("services", label, chooser, optional=True)


def chosen_services(view: View, policy: Policy) -> tuple[str, ...]:
    """The keys of the chosen services, or the typed names if the policy has no services."""
    if policy.services:
        return inputs.several(view, "services")
    parts = re.split(r"[,\n]", inputs.text(view, "services"))
    return tuple(dict.fromkeys(name for part in parts if (name := title_of(part))))
