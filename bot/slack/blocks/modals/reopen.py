"""Builds and reads the form **Reopen incident**."""

from __future__ import annotations

from dataclasses import dataclass

from bot.domain.incident import Incident
from bot.slack.blocks import elements, inputs
from bot.slack.blocks.elements import Block
from bot.slack.blocks.inputs import InputErrors, View


@dataclass(frozen=True, slots=True)
class ReopenValues:
    """Values of the reopen form."""

    incident: int
    reason: str


def reopen_modal(incident: Incident) -> Block:
    """The form, with one input `reason`."""
    return elements.modal(
        "reopen",
        "Reopen incident",
        "Reopen",
        [
            elements.input_block(
                "reason",
                "Reason",
                elements.text_input(multiline=True, longest=1000, placeholder="Errors are back since 04:10"),
            ),
            elements.context("Reminders and pages start over."),
        ],
        inputs.metadata(incident=incident.id),
    )


def values_of_reopen(view: View) -> ReopenValues:
    """Read the form. Raises `InputErrors` if the reason is empty."""
    number, reason = inputs.incident_of(view), inputs.text(view, "reason")
    if not reason:
        raise InputErrors({"reason": "Say why, such as “Errors are back since 04:10”."})
    return ReopenValues(number, reason)
