"""Builds and reads the form **Redact**, which asks which timeline entry loses its words, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.domain.incident import Incident
from bot.domain.timeline.entry import RecordedEntry
from bot.slack.blocks import elements, inputs
from bot.slack.blocks.elements import Block
from bot.slack.blocks.inputs import InputErrors, View
from bot.slack.text import clip, quote, render_recorded

REDACT = "redact"
_QUOTED = 500  # characters of the message


@dataclass(frozen=True, slots=True)
class RedactValues:
    """The submitted form."""

    incident: int
    seq: int  # of the entry
    reason: str


def redact_modal(incident: Incident, records: Sequence[RecordedEntry]) -> Block:
    """The form. Block `entry` asks which of several `records` to redact, and `reason` asks why."""
    if len(records) == 1:
        about = elements.section(
            quote(clip(render_recorded(records[0].current_text, records[0].names).strip(), _QUOTED)) or "_No text_"
        )
    else:
        options = [_option(record) for record in records[: elements.OPTIONS]]
        about = elements.input_block("entry", "What should not have been said?", elements.select(options))
    reason = elements.text_input(longest=300, placeholder="It held a customer's password")
    return elements.modal(
        REDACT,
        "Redact",
        "Redact",
        [
            about,
            elements.input_block("reason", "Why?", reason, hint="The reason and your name stay on the timeline."),
            elements.context(
                "Its words go from the timeline, search, exports and my own messages; their hash stays. They cannot be "
                "brought back. A message of a person stays in Slack until its author deletes it there."
            ),
        ],
        inputs.metadata(incident=incident.id, entry=records[0].seq if len(records) == 1 else None),
    )


def values_of_redact(view: View) -> RedactValues:
    """Read the form. Raises `InputErrors` if nothing was chosen or the reason is empty."""
    chosen = inputs.chosen_value(view, "entry") or str(inputs.metadata_of(view).get("entry") or "")
    if not chosen.isdecimal():
        raise InputErrors({"entry": "Choose what to redact."})
    reason = inputs.text(view, "reason")
    if not reason:
        raise InputErrors({"reason": "Say why in a few words, such as “It held a customer's password”."})
    return RedactValues(inputs.incident_of(view), int(chosen), reason)


def _option(record: RecordedEntry) -> Block:
    entry = record.entry
    text = " ".join(render_recorded(record.current_text, record.names).split())
    return elements.option(f"{elements.utc(entry.at)} · {text}", str(record.seq), entry.kind.replace("_", " "))
