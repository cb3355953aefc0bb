"""Builds and reads the forms of the alert card: **Attach to…** and **Dismiss**."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.domain.alerts import silence
from bot.domain.incident import Incident
from bot.slack.blocks import elements, inputs
from bot.slack.blocks.elements import Block
from bot.slack.blocks.inputs import InputErrors, View
from bot.slack.text import plain

ATTACH, DISMISS, SILENCE = "alert_attach", "alert_dismiss", "alert_silence"
SPANS = {
    "30m": "30 minutes",
    "1h": "1 hour",
    "2h": "2 hours",
    "4h": "4 hours",
    "8h": "8 hours",
    "1d": "1 day",
    "7d": "7 days",
}
NOTE_LENGTH = 500


@dataclass(frozen=True, slots=True)
class AttachValues:
    """Values of the form **Attach to…**."""

    group: int
    incident: int


@dataclass(frozen=True, slots=True)
class DismissValues:
    """Values of the form **Dismiss**."""

    group: int
    why: str
    note: str


def attach_modal(group: int, open_incidents: Sequence[Incident]) -> Block:
    """The form with one input: an open incident. There must be one."""
    options = [elements.option(f"{incident.id} · {plain(incident.title)}", incident.id) for incident in open_incidents]
    return elements.modal(
        ATTACH,
        "Attach to an incident",
        "Attach",
        [elements.input_block("into", "Incident", elements.select(options[: elements.OPTIONS]))],
        inputs.metadata(group=group),
    )


def values_of_attach(view: View) -> AttachValues:
    """Read the form. Raises `InputErrors` if no incident is chosen."""
    chosen = (inputs.chosen_value(view, "into") or "").removeprefix("INC-")
    if not chosen.isdecimal():
        raise InputErrors({"into": "Choose an incident."})
    return AttachValues(_group(view), int(chosen))


def dismiss_modal(group: int, reasons: Mapping[str, str]) -> Block:
    """The form with two inputs: `why`, one of the `reasons` by key, and an optional note."""
    options = [elements.option(label, key) for key, label in reasons.items()]
    return elements.modal(
        DISMISS,
        "Dismiss alerts",
        "Dismiss",
        [
            elements.input_block("why", "Why", elements.select(options)),
            elements.input_block(
                "note", "Note", elements.text_input(longest=NOTE_LENGTH, placeholder="Load test"), optional=True
            ),
        ],
        inputs.metadata(group=group),
    )


def values_of_dismiss(view: View, reasons: Mapping[str, str]) -> DismissValues:
    """Read the form. Raises `InputErrors` if no reason is chosen."""
    why = inputs.chosen_value(view, "why")
    if why not in reasons:
        raise InputErrors({"why": "Choose one."})
    return DismissValues(_group(view), str(why), inputs.text(view, "note"))


@dataclass(frozen=True, slots=True)
class SilenceValues:
    """Values of the form **Silence…**."""

    text: str  # as typed after `/incident silence`
    channel: str | None


def silence_modal(labels: Mapping[str, str], channel: str | None) -> Block:
    """The form with three inputs: the labels of the alerts, for how long, and an optional reason."""
    lines = "\n".join(silence.format_matcher(label, value) for label, value in labels.items() if value)
    options = [elements.option(label, span) for span, label in SPANS.items()]
    return elements.modal(
        SILENCE,
        "Silence alerts",
        "Silence",
        [
            elements.input_block(
                "labels",
                "Labels",
                elements.text_input(lines, multiline=True, placeholder="alertname=HighErrors"),
                hint='Each as label=value, label="with spaces", or label=/regular expression/. An alert must have all.',
            ),
            elements.input_block("span", "For", elements.select(options, "2h")),
            elements.input_block(
                "reason", "Reason", elements.text_input(longest=NOTE_LENGTH, placeholder="Load test"), optional=True
            ),
        ],
        inputs.metadata(channel=channel),
    )


def values_of_silence(view: View) -> SilenceValues:
    """Read the form. Raises `InputErrors` if there are no labels."""
    labels = inputs.text(view, "labels")
    if "=" not in labels:
        raise InputErrors({"labels": "Write each as label=value, such as alertname=HighErrors."})
    text = f"{labels} for {inputs.chosen_value(view, 'span') or '2h'} {inputs.text(view, 'reason')}"
    channel = inputs.metadata_of(view).get("channel")
    return SilenceValues(text, channel if isinstance(channel, str) else None)


def _group(view: View) -> int:
    group = inputs.metadata_of(view).get("group")
    if not isinstance(group, int):
        raise InputErrors({inputs.first_block(view): "This form lost track of its alerts. Close it and open it again."})
    return group
