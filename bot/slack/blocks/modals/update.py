"""Builds and reads the form **Update status**, in which people post a status update."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from bot.domain.incident import Incident
from bot.domain.incident.status import CHOOSABLE, MEANINGS, Status
from bot.domain.policy.policy import Policy
from bot.domain.values import durations
from bot.slack.blocks import elements, inputs, phrases
from bot.slack.blocks.elements import Block
from bot.slack.blocks.inputs import InputErrors, View
from bot.slack.blocks.modals.also_tell import also_tell_input
from bot.slack.blocks.modals.severity import severity_errors, severity_select

NEXT_IN = ("15m", "30m", "1h", "2h", "4h", "1d")
CADENCE = "cadence"


@dataclass(frozen=True, slots=True)
class UpdateValues:
    """Values of the update form."""

    incident: int
    status: Status
    severity: str
    text: str
    next_in: timedelta | None  # None: by the severity's cadence
    status_seen: str = ""  # when the form opened; the person meant a change only if `status` differs from it
    severity_seen: str = ""  # likewise


def update_modal(incident: Incident, policy: Policy, *, text: str = "", page: bool = False) -> Block:
    """The form, with inputs `status`, `severity`, `text` and `next_in`. With `page`, it offers the status page."""
    level = phrases.level_of(incident, policy)
    choices = [*([] if incident.status in CHOOSABLE else [incident.status]), *CHOOSABLE]
    if Status.RESOLVED not in choices:
        choices.append(Status.RESOLVED)
    statuses = [elements.option(phrases.status_name(status), str(status), MEANINGS[status]) for status in choices]
    spans_ahead = [elements.option(f"By the cadence ({phrases.cadence(level)})", CADENCE)]
    spans_ahead += [elements.option(span, span) for span in NEXT_IN]
    return elements.modal(
        "update",
        "Update status",
        "Post update",
        [
            elements.input_block("status", "Status", elements.select(statuses, str(incident.status))),
            elements.input_block("severity", "Severity", severity_select(policy, incident.severity)),
            elements.input_block(
                "text",
                "What changed?",
                elements.text_input(text, multiline=True, placeholder="What we know, what we do next"),
            ),
            elements.input_block("next_in", "Next update in", elements.select(spans_ahead, CADENCE)),
            *([also_tell] if (also_tell := also_tell_input(incident, policy, page=page)) else []),
            elements.context(f"Will be posted in {update_channels(incident, policy)}"),
        ],
        inputs.metadata(incident=incident.id, status=str(incident.status), severity=incident.severity),
    )


def update_channels(incident: Incident, policy: Policy) -> str:
    """The channels in which an update is posted, as mrkdwn."""
    incident_channel = phrases.channel_link(incident) if incident.channel_id else "the incident channel"
    if incident.private or not policy.announce:
        return incident_channel
    return f"{incident_channel}, and {phrases.channel_named(policy.announce)} (in the thread)"


def values_of_update(view: View, policy: Policy) -> UpdateValues:
    """Read the form. Raises `InputErrors` for an empty text, and for a status or severity that no longer exists."""
    number, metadata = inputs.incident_of(view), inputs.metadata_of(view)
    text = inputs.text(view, "text")
    status, severity = inputs.chosen_value(view, "status"), inputs.chosen_value(view, "severity")
    errors = {}
    if not text:
        errors["text"] = "Write what changed, such as “Rolled back, error rate is falling”."
    if status not in list(Status):
        errors["status"] = "Choose a status, such as Investigating."
    errors |= severity_errors(severity, policy)
    if errors or status is None or severity is None:
        raise InputErrors(errors)
    return UpdateValues(
        incident=number,
        status=Status(status),
        severity=severity,
        text=text,
        next_in=_next_in(inputs.chosen_value(view, "next_in")),
        status_seen=str(metadata.get("status", "")),
        severity_seen=str(metadata.get("severity", "")),
    )


def _next_in(chosen: str | None) -> timedelta | None:
    return durations.parse_duration(chosen) if chosen in NEXT_IN else None
