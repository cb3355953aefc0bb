"""Two small modals: add a message to an incident's timeline, and the reason why a form was refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.domain.incident import Incident
from bot.slack.blocks import elements, inputs
from bot.slack.blocks.elements import Block, Message
from bot.slack.blocks.inputs import InputErrors, View
from bot.slack.text import clip, plain, quote, render_recorded


def add_to_timeline_modal(incidents: Sequence[Incident], source: Mapping[str, Any]) -> Block:
    """Choose the incident for a message from elsewhere, in block `incident`. `source['text']` is Slack's markup."""
    options = [
        elements.option(f"{incident.id} · {plain(incident.title)}", incident.id)
        for incident in incidents[: elements.OPTIONS]
    ]
    quoted = quote(clip(render_recorded(str(source.get("text") or "")).strip(), 500))
    return {
        "type": "modal",
        "callback_id": "add_to_timeline",
        "title": elements.plain_text("Add to timeline", elements.MODAL_TITLE),
        "submit": elements.plain_text("Add", elements.MODAL_TITLE),
        "close": elements.plain_text("Cancel", elements.MODAL_TITLE),
        "private_metadata": inputs.metadata(source=dict(source)),
        "blocks": [
            elements.section(quoted or "_A message without words_"),
            elements.input_block("incident", "Incident", elements.select(options, options[0]["value"])),
        ],
    }


@dataclass(frozen=True, slots=True)
class AddValues:
    """The submitted form."""

    incident: int
    source: dict[str, Any]  # the message, as given to `add_to_timeline_modal`


def values_of_add_to_timeline(view: View) -> AddValues:
    """Read the form. Raises `InputErrors` where no incident was chosen."""
    number = (inputs.chosen(view, "incident") or "").removeprefix("INC-")
    source = inputs.metadata_of(view).get("source")
    if not number.isdecimal() or not isinstance(source, dict):
        raise InputErrors({"incident": "Choose an incident, then press Add."})
    return AddValues(int(number), source)


def refusal_modal(view: View, message: Message) -> Block:
    """Replaces a form with the reason why it was refused, such as an incident that ended meanwhile."""
    return {
        "type": "modal",
        "callback_id": "refused",
        "title": {"type": "plain_text", "text": (view.get("title") or {}).get("text") or "Not done"},
        "close": elements.plain_text("Close", elements.MODAL_TITLE),
        "blocks": message.blocks,
    }
