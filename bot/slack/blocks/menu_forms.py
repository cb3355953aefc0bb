"""Small forms of the menu: false alarm, note and handover."""

from __future__ import annotations

from dataclasses import dataclass

from bot.domain.incident import Incident
from bot.domain.policy.policy import Policy
from bot.slack.blocks import elements, inputs, phrases
from bot.slack.blocks.elements import Block
from bot.slack.blocks.inputs import InputErrors, View
from bot.slack.text import plain

CANCEL, NOTE, HANDOVER = "cancel", "note", "handover"
LONGEST = 1000


def cancel_modal(incident: Incident) -> Block:
    """Has one input, `text`."""
    element = elements.text_input(multiline=True, longest=LONGEST, placeholder="The probe was misconfigured")
    return elements.modal(
        CANCEL,
        "False alarm",
        "End it",
        [
            elements.input_block("text", "What was it?", element),
            elements.context(f"{incident.id} ends here, as cancelled. Reminders and pages stop."),
        ],
        inputs.metadata(incident=incident.id),
    )


def note_modal(incident: Incident) -> Block:
    """Has one input, `text`."""
    element = elements.text_input(multiline=True, longest=elements.INPUT, placeholder="Deploy 4512 went out at 02:47")
    return elements.modal(
        NOTE,
        "Add a note",
        "Add",
        [elements.input_block("text", "What happened?", element)],
        inputs.metadata(incident=incident.id),
    )


def handover_modal(incident: Incident, policy: Policy, asker: str) -> Block:
    """Inputs `role` and `to`. Preselects a role that the asker holds, the commander first."""
    roles = [elements.option(plain(role.title), role.key) for role in policy.roles[: elements.OPTIONS]]
    held = [key for key, holder in incident.roles.items() if holder == asker]
    chosen = phrases.LEADS if phrases.LEADS in held or not held else held[0]
    person: Block = {
        "type": "users_select",
        "placeholder": elements.plain_text("Choose a person", elements.PLACEHOLDER),
    }
    return elements.modal(
        HANDOVER,
        "Hand over",
        "Ask them",
        [
            elements.input_block("role", "Role", elements.select(roles, chosen)),
            elements.input_block("to", "To whom?", person, hint="They accept or decline. Until then nothing changes."),
        ],
        inputs.metadata(incident=incident.id),
    )


@dataclass(frozen=True, slots=True)
class TextValues:
    """Values of the note and false-alarm forms."""

    incident: int
    text: str


@dataclass(frozen=True, slots=True)
class HandoverValues:
    """Values of the handover form."""

    incident: int
    role: str
    to: str


def values_of_text(view: View) -> TextValues:
    """Raises `InputErrors` if the text is empty."""
    number, text = inputs.incident_of(view), inputs.text(view, "text")
    if not text:
        raise InputErrors({"text": "Say it in a few words, such as “The probe was misconfigured”."})
    return TextValues(number, text)


def values_of_handover(view: View) -> HandoverValues:
    """Raises `InputErrors` if the role or the person is missing."""
    number, role, to = inputs.incident_of(view), inputs.chosen(view, "role"), inputs.user(view, "to")
    missing = {"role": "" if role else "Choose a role.", "to": "" if to else "Choose a person to ask."}
    if role is None or to is None:
        raise InputErrors({block: error for block, error in missing.items() if error})
    return HandoverValues(number, role, to)
