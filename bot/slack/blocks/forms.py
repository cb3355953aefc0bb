"""Two small forms: which incident a message belongs to, and why a form could not be carried out."""

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
    """A message from elsewhere becomes a key entry: of which incident? Block `incident`. The source is Slack's text."""
    options = [elements.option(f"{one.id} · {plain(one.title)}", one.id) for one in incidents[: elements.OPTIONS]]
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
    incident: int
    source: dict[str, Any]


def values_of_add_to_timeline(view: View) -> AddValues:
    number = (inputs.chosen(view, "incident") or "").removeprefix("INC-")
    source = inputs.metadata_of(view).get("source")
    if not number.isdecimal() or not isinstance(source, dict):
        raise InputErrors({"incident": "Choose an incident, then press Add."})
    return AddValues(int(number), source)


def refusal_modal(view: View, message: Message) -> Block:
    """The form gives way to why it could not be done: the incident had moved on meanwhile."""
    return {
        "type": "modal",
        "callback_id": "refused",
        "title": {"type": "plain_text", "text": (view.get("title") or {}).get("text") or "Not done"},
        "close": elements.plain_text("Close", elements.MODAL_TITLE),
        "blocks": message.blocks,
    }
