"""Builds and reads the form **Hand over**, which offers a role to another person."""

from __future__ import annotations

from dataclasses import dataclass

from bot.domain.incident import Incident
from bot.domain.policy.policy import Policy
from bot.slack.blocks import choices, elements, inputs, phrases
from bot.slack.blocks.elements import Block
from bot.slack.blocks.inputs import InputErrors, View

HANDOVER = "handover"


@dataclass(frozen=True, slots=True)
class HandoverValues:
    """Values of the form."""

    incident: int
    role: str
    to: str


def handover_modal(incident: Incident, policy: Policy, asker: str) -> Block:
    """The form, with inputs `role` and `to`. It preselects a role that the asker holds, the commander first."""
    held_roles = [key for key, holder in incident.roles.items() if holder == asker]
    chosen = phrases.LEADS if phrases.LEADS in held_roles or not held_roles else held_roles[0]
    person: Block = {
        "type": "users_select",
        "placeholder": elements.plain_text("Choose a person", elements.PLACEHOLDER),
    }
    return elements.modal(
        HANDOVER,
        "Hand over",
        "Ask them",
        [
            elements.input_block("role", "Role", choices.select("role", policy, chosen)),
            elements.input_block("to", "To whom?", person, hint="They accept or decline. Until then nothing changes."),
        ],
        inputs.metadata(incident=incident.id),
    )


def values_of_handover(view: View) -> HandoverValues:
    """Read the form. Raises `InputErrors` if the role or the person is missing."""
    number, role, to = inputs.incident_of(view), inputs.chosen_value(view, "role"), inputs.user(view, "to")
    missing = {"role": "" if role else "Choose a role.", "to": "" if to else "Choose a person to ask."}
    if role is None or to is None:
        raise InputErrors({block: error for block, error in missing.items() if error})
    return HandoverValues(number, role, to)
