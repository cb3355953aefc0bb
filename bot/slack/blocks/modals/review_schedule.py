"""Builds and reads the form **Schedule review**."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.domain.incident import Incident
from bot.domain.review.meeting import Suggestion
from bot.domain.values.slack_ids import is_user_id
from bot.slack.blocks import elements, inputs
from bot.slack.blocks.elements import Block
from bot.slack.blocks.inputs import InputErrors, View

SCHEDULE = "review_schedule"


@dataclass(frozen=True, slots=True)
class ScheduleValues:
    """The submitted form."""

    incident: int
    at: datetime
    facilitator: str | None


def schedule_modal(incident: Incident, suggestion: Suggestion, people: int, facilitator: str | None) -> Block:
    """The form, with a suggested time, the number of people whose hours it considers, and the facilitator."""
    scheduled_at = incident.review.scheduled_at if incident.review else None
    at = scheduled_at or suggestion.at
    person: Block = {"type": "users_select", "placeholder": elements.plain_text("Who leads it?", elements.PLACEHOLDER)}
    if is_user_id(facilitator or ""):
        person["initial_user"] = facilitator
    picker: Block = {"type": "datetimepicker", "initial_date_time": int(at.timestamp()) // 60 * 60}
    due = incident.review.due_at if incident.review else None
    return elements.modal(
        SCHEDULE,
        "Schedule review",
        "Schedule",
        [
            elements.input_block("at", "When", picker),
            elements.input_block("facilitator", "Facilitator", person, optional=True),
            elements.context(
                f"It is due {elements.moment(due)}." if due else "The severity sets no day for it.",
                "" if scheduled_at else _hours(suggestion, people),
            ),
        ],
        inputs.metadata(incident=incident.id),
    )


def _hours(suggestion: Suggestion, people: int) -> str:
    """For whom the suggested time is within working hours."""
    if not suggestion.outside:
        return "The suggested time is within the working hours of everybody who took part."
    return f"The suggested time is outside the working hours of {suggestion.outside} of {people} who took part."


def values_of_schedule(view: View) -> ScheduleValues:
    """Read the form. Raises `InputErrors` without a time."""
    at = inputs.instant(view, "at")
    if at is None:
        raise InputErrors({"at": "Choose when it takes place."})
    return ScheduleValues(inputs.incident_of(view), at, inputs.user(view, "facilitator"))
