"""Builds and reads the form **Add a note**, for a note on an incident's timeline."""

from __future__ import annotations

from dataclasses import dataclass

from bot.domain.incident import Incident
from bot.slack.blocks import elements, inputs
from bot.slack.blocks.elements import Block
from bot.slack.blocks.inputs import InputErrors, View

NOTE = "note"


@dataclass(frozen=True, slots=True)
class NoteValues:
    """Values of the form."""

    incident: int
    text: str


def note_modal(incident: Incident) -> Block:
    """The form, with one input `text`."""
    element = elements.text_input(multiline=True, longest=elements.INPUT, placeholder="Deploy 4512 went out at 02:47")
    return elements.modal(
        NOTE,
        "Add a note",
        "Add",
        [elements.input_block("text", "What happened?", element)],
        inputs.metadata(incident=incident.id),
    )


def values_of_note(view: View) -> NoteValues:
    """Read the form. Raises `InputErrors` if the text is empty."""
    number, text = inputs.incident_of(view), inputs.text(view, "text")
    if not text:
        raise InputErrors({"text": "Say it in a few words, such as “The probe was misconfigured”."})
    return NoteValues(number, text)
