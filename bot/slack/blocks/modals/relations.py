"""Builds and reads the forms **Merge incident**, **Relate incident** and **Tag incident**."""

from __future__ import annotations

from collections.abc import Sequence

from bot.domain.incident import Incident
from bot.domain.incident.relations import TAG_LENGTH, TagChange, parse_tags
from bot.slack.blocks import elements, inputs
from bot.slack.blocks.elements import Block
from bot.slack.blocks.inputs import InputErrors, View

MERGE, RELATE, TAG = "merge", "relate", "tag"
OTHER, TAGS = "other", "tags"


def merge_modal(incident: Incident, incidents: Sequence[Incident]) -> Block:
    """The form, with one select of the incidents that can go on in this one's place."""
    return elements.modal(
        MERGE,
        "Merge incident",
        "Merge",
        [
            elements.input_block(OTHER, "Incident that goes on", _select(incidents)),
            elements.context(
                f"{incident.id} ends. Its people are invited there and its alerts move there; reminders and pages stop "
                f"here. Its record stays, and both timelines are read together."
            ),
        ],
        inputs.metadata(incident=incident.id),
    )


def relate_modal(incident: Incident, incidents: Sequence[Incident]) -> Block:
    """The form, with one select of incidents."""
    return elements.modal(
        RELATE,
        "Relate incident",
        "Relate",
        [
            elements.input_block(OTHER, "Related incident", _select(incidents)),
            elements.context("Both incidents get a note with the other's ID."),
        ],
        inputs.metadata(incident=incident.id),
    )


def tag_modal(incident: Incident) -> Block:
    """The form, with the present tags to change."""
    typed = elements.text_input(" ".join(incident.tags), longest=21 * TAG_LENGTH, placeholder="checkout database")
    hint = "Words, separated by spaces. `search` finds the incident by them."
    return elements.modal(
        TAG,
        "Tag incident",
        "Save",
        [elements.input_block(TAGS, "Tags", typed, optional=True, hint=hint)],
        inputs.metadata(incident=incident.id),
    )


def other_of(view: View) -> tuple[int, int]:
    """The numbers of the form's incident and of the chosen one. Raises `InputErrors` where none is chosen."""
    chosen = inputs.chosen_value(view, OTHER)
    if chosen is None:
        raise InputErrors({OTHER: "Choose an incident."})
    return inputs.incident_of(view), int(chosen)


def tags_of(view: View) -> tuple[int, TagChange]:
    """The number of the form's incident, and its tags from now on."""
    typed = parse_tags(inputs.text(view, TAGS))
    return inputs.incident_of(view), TagChange(typed.added, all_others=True)


def _select(incidents: Sequence[Incident]) -> Block:
    return elements.select(
        [
            elements.option(f"{incident.id} · {incident.title}", str(incident.number), str(incident.status))
            for incident in incidents
        ]
    )
