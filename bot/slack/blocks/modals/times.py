"""Builds and reads the form **Correct times**."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.domain.incident import Incident
from bot.domain.incident.times import LABELS
from bot.slack.blocks import elements, inputs
from bot.slack.blocks.elements import Block
from bot.slack.blocks.inputs import InputErrors, View

TIMES = "times"
MINUTE_S = 60


@dataclass(frozen=True, slots=True)
class TimesValues:
    """The submitted form: the times that differ from those shown, and why."""

    incident: int
    corrections: Mapping[str, datetime]
    reason: str


def times_modal(incident: Incident) -> Block:
    """The form, with an input for each time that can be corrected now, and `reason`."""
    names = [name for name in LABELS if name != "resolved_at" or incident.resolved_at is not None]
    shown_times: dict[str, int] = {}
    blocks: list[Block] = []
    for name in names:
        at: datetime | None = getattr(incident, name)
        element: Block = {"type": "datetimepicker"}
        if at is not None:
            shown_times[name] = int(at.timestamp()) // MINUTE_S * MINUTE_S  # the picker knows no seconds
            element["initial_date_time"] = shown_times[name]
        blocks.append(elements.input_block(name, LABELS[name], element, optional=True))
    reason = elements.text_input(longest=500, placeholder="The error rate rose at 02:31, as the dashboard shows")
    return elements.modal(
        TIMES,
        "Correct times",
        "Save",
        [*blocks, elements.input_block("reason", "Reason", reason)],
        inputs.metadata(incident=incident.id, seen=shown_times),
    )


def values_of_times(view: View) -> TimesValues:
    """Read the form. Raises `InputErrors` where nothing was changed, or no reason is given."""
    shown_times = inputs.metadata_of(view).get("seen") or {}
    corrections = {}
    for name in LABELS:
        at = inputs.instant(view, name)
        if at is not None and int(at.timestamp()) != shown_times.get(name):
            corrections[name] = at
    reason = inputs.text(view, "reason")
    if not corrections:
        raise InputErrors({"started_at": "Nothing is changed. Change a time, or close this form."})
    if not reason:
        raise InputErrors({"reason": "Say how you know, in a few words."})
    return TimesValues(inputs.incident_of(view), corrections, reason)
