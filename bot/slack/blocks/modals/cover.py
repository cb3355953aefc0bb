"""Builds and reads the form **Cover a schedule**, in which a person takes an on-call shift for another."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.oncall.layer_path import layer_paths
from bot.domain.policy.policy import Policy
from bot.slack.blocks import choices, elements, inputs
from bot.slack.blocks.elements import Block
from bot.slack.blocks.inputs import InputErrors, View

CALLBACK = "cover"
DEFAULT_SPAN = timedelta(hours=12)
STALE = timedelta(hours=1)  # a form left open for this long still means “from now”


@dataclass(frozen=True, slots=True)
class CoverValues:
    """The submitted form."""

    schedule: str  # or a layer of it, such as `support/night`
    starts_at: datetime
    ends_at: datetime
    channel: str | None  # where the form was opened


def cover_modal(policy: Policy, now: datetime, schedule: str | None = None, channel: str | None = None) -> Block:
    """The form, with blocks `cover`, `starts` and `ends`. Slack uses the reader's time zone for the times."""
    chosen = schedule if schedule in [*layer_paths(policy.schedules)] else next(iter(policy.schedules), None)
    return elements.modal(
        CALLBACK,
        "Cover a schedule",
        "Cover",
        [
            elements.input_block("cover", "Schedule", choices.select("cover", policy, chosen)),
            elements.input_block("starts", "From", _picker(now)),
            elements.input_block("ends", "Until", _picker(now + DEFAULT_SPAN)),
            elements.context(
                "You are on call for that time instead of the rotation: pages come to you. You can cancel it any time."
            ),
        ],
        inputs.metadata(channel=channel),
    )


def _picker(at: datetime) -> Block:
    return {"type": "datetimepicker", "initial_date_time": int(at.timestamp()) // 60 * 60}


def values_of_cover(view: View, now: datetime) -> CoverValues:
    """Read the form. Raises `InputErrors` for a time in the past, or an end before the start."""
    schedule, starts, ends = (
        inputs.chosen_value(view, "cover") or inputs.chosen_value(view, "schedule"),
        inputs.instant(view, "starts"),
        inputs.instant(view, "ends"),
    )
    if schedule is None or starts is None or ends is None:
        raise InputErrors({"cover": "Choose a schedule and both times."})
    if starts < now - STALE:
        raise InputErrors({"starts": "That time has passed. Choose now or a later time."})
    if ends <= max(starts, now):
        raise InputErrors({"ends": "That is before the start. Choose a later time."})
    channel = inputs.metadata_of(view).get("channel")
    return CoverValues(schedule, max(starts, now), ends, str(channel) if channel else None)
