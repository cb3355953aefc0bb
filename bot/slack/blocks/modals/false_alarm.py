"""Builds and reads the form **False alarm**, which cancels an incident."""

from __future__ import annotations

from dataclasses import dataclass

from bot.domain.incident import Incident
from bot.slack.blocks import elements, inputs
from bot.slack.blocks.elements import Block
from bot.slack.blocks.inputs import InputErrors, View

CANCEL = "cancel"
LONGEST = 1000


@dataclass(frozen=True, slots=True)
class FalseAlarmValues:
    """Values of the form."""

    incident: int
    text: str


def false_alarm_modal(incident: Incident) -> Block:
    """The form, with one input `text` for the reason."""
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


def values_of_false_alarm(view: View) -> FalseAlarmValues:
    """Read the form. Raises `InputErrors` if the text is empty."""
    number, text = inputs.incident_of(view), inputs.text(view, "text")
    if not text:
        raise InputErrors({"text": "Say it in a few words, such as “The probe was misconfigured”."})
    return FalseAlarmValues(number, text)
