"""Builds and reads the form **Resolve incident**."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.communications.page import on_the_page
from bot.domain.incident import Incident
from bot.domain.policy.policy import Policy
from bot.slack.blocks import elements, inputs
from bot.slack.blocks.elements import Block
from bot.slack.blocks.inputs import InputErrors, View
from bot.slack.blocks.modals.also_tell import also_tell_input

PAGE = "page"


@dataclass(frozen=True, slots=True)
class ResolveValues:
    """Values of the resolve form."""

    incident: int
    summary: str
    root_cause: str
    impact_ended_at: datetime | None
    page_message: str = ""


def resolve_modal(incident: Incident, policy: Policy) -> Block:
    """The form, with inputs `summary`, `root_cause` and `impact_ended`, and what to tell the page and audiences."""
    return elements.modal(
        "resolve",
        "Resolve incident",
        "Resolve",
        [
            elements.input_block(
                "summary",
                "What fixed it?",
                elements.text_input(incident.summary, multiline=True, placeholder="Rolled back deploy 4512"),
            ),
            elements.input_block(
                "root_cause",
                "Root cause",
                elements.text_input(incident.root_cause, multiline=True),
                optional=True,
                hint="If you know it. The review can add it later.",
            ),
            elements.input_block("impact_ended", "Customer impact ended", {"type": "datetimepicker"}, optional=True),
            *([_page()] if on_the_page(incident) else []),
            *([also_tell] if (also_tell := also_tell_input(incident, policy)) else []),
            elements.context("Ends reminders and pages. It can be reopened."),
        ],
        inputs.metadata(incident=incident.id),
    )


def _page() -> Block:
    return elements.input_block(
        PAGE,
        "Resolve on the status page too, saying …",
        elements.text_input("", multiline=True, placeholder="All requests succeed again since 15:05."),
        optional=True,
        hint="The status page tells customers of this incident. Left empty, the page stays as it is.",
    )


def values_of_resolve(view: View, now: datetime) -> ResolveValues:
    """Read the form. Raises `InputErrors` for an empty summary, and for an end of the impact in the future."""
    number = inputs.incident_of(view)
    summary, ended_at = inputs.text(view, "summary"), inputs.instant(view, "impact_ended")
    errors = {}
    if not summary:
        errors["summary"] = "Say what fixed it, such as “Rolled back deploy 4512”."
    if ended_at is not None and ended_at > now + timedelta(minutes=1):
        errors["impact_ended"] = "That is in the future. Choose when it ended, or leave it empty."
    if errors:
        raise InputErrors(errors)
    return ResolveValues(number, summary, inputs.text(view, "root_cause"), ended_at, inputs.text(view, PAGE))
