"""Builds and reads the form **Add to timeline**, for a message that was posted outside an incident's channel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.domain.incident import Incident
from bot.slack.blocks import elements, inputs
from bot.slack.blocks.elements import Block
from bot.slack.blocks.inputs import InputErrors, View
from bot.slack.text import clip, plain, quote, render_recorded


@dataclass(frozen=True, slots=True)
class AddValues:
    """The submitted form."""

    incident: int
    source: dict[str, Any]  # the message, as given to `add_to_timeline_modal`


def add_to_timeline_modal(incidents: Sequence[Incident], source: Mapping[str, Any]) -> Block:
    """The form, which asks in block `incident` for the incident. `source['text']` is Slack's markup."""
    options = [
        elements.option(f"{incident.id} · {plain(incident.title)}", incident.id)
        for incident in incidents[: elements.OPTIONS]
    ]
    quoted = quote(clip(render_recorded(str(source.get("text") or "")).strip(), 500))
    return elements.modal(
        "add_to_timeline",
        "Add to timeline",
        "Add",
        [
            elements.section(quoted or "_A message without words_"),
            elements.input_block("incident", "Incident", elements.select(options, options[0]["value"])),
        ],
        inputs.metadata(source=dict(source)),
    )


def values_of_add_to_timeline(view: View) -> AddValues:
    """Read the form. Raises `InputErrors` where no incident was chosen."""
    number = (inputs.chosen_value(view, "incident") or "").removeprefix("INC-")
    source = inputs.metadata_of(view).get("source")
    if not number.isdecimal() or not isinstance(source, dict):
        raise InputErrors({"incident": "Choose an incident, then press Add."})
    return AddValues(int(number), source)
