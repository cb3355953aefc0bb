"""Covering a schedule: the form, what was understood, and what was given up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.oncall.schedule import Override
from bot.domain.policy.policy import Policy
from bot.domain.values import durations
from bot.slack.blocks import elements, inputs
from bot.slack.blocks.elements import Block, Message
from bot.slack.blocks.inputs import InputErrors, View
from bot.slack.blocks.oncall import called
from bot.slack.text import render

CALLBACK = "cover"
FIRST_SPAN = timedelta(hours=12)
STALE = timedelta(hours=1)  # a form that stood open so long still means “from now”
NAMED = 3


@dataclass(frozen=True, slots=True)
class CoverValues:
    schedule: str
    starts_at: datetime
    ends_at: datetime
    channel: str | None


def modal(policy: Policy, now: datetime, schedule: str | None = None, channel: str | None = None) -> Block:
    """Blocks `schedule`, `starts`, `ends`; Slack shows and takes the times where the reader is."""
    options = [elements.option(key, key) for key in elements.usable(policy.schedules)]
    chosen = schedule if schedule in policy.schedules else next(iter(policy.schedules), None)
    return elements.modal(
        CALLBACK,
        "Cover a schedule",
        "Cover",
        [
            elements.input_block("schedule", "Schedule", elements.select(options, chosen)),
            elements.input_block("starts", "From", _picker(now)),
            elements.input_block("ends", "Until", _picker(now + FIRST_SPAN)),
            elements.context(
                "You are on call then, whoever's turn it is: pages come to you. It can be given up again."
            ),
        ],
        inputs.metadata(channel=channel),
    )


def _picker(at: datetime) -> Block:
    return {"type": "datetimepicker", "initial_date_time": int(at.timestamp()) // 60 * 60}


def values_of_modal(view: View, now: datetime) -> CoverValues:
    """Raises `InputErrors` for a time that is over or the wrong way round."""
    schedule, starts, ends = (
        inputs.chosen(view, "schedule"),
        inputs.instant(view, "starts"),
        inputs.instant(view, "ends"),
    )
    if schedule is None or starts is None or ends is None:
        raise InputErrors({"schedule": "Choose a schedule and both times."})
    if starts < now - STALE:
        raise InputErrors({"starts": "That is over. Choose now, or a time to come."})
    if ends <= max(starts, now):
        raise InputErrors({"ends": "That is before it begins. Choose a later time."})
    channel = inputs.metadata_of(view).get("channel")
    return CoverValues(schedule, max(starts, now), ends, str(channel) if channel else None)


def covered(
    override: Override, instead_of: Sequence[str], policy: Policy, now: datetime, command: str, note: str = ""
) -> Message:
    """To whoever took it. `note`: how their words were understood, where that is not plain."""
    schedule, until = f"*{render(override.schedule)}*", elements.moment(override.ends_at)
    lasts = durations.approximate(override.ends_at - override.starts_at)
    if override.starts_at <= now:
        said = f"You are on call on {schedule} for {lasts}, until {until}. Pages for it come to you."
    else:
        said = (
            f"You will be on call on {schedule} from {elements.moment(override.starts_at)} until {until} ({lasts}). "
            "Pages for it come to you then."
        )
    if instead_of:
        said += f" You stand in for {elements.join_comma([called(one, policy) for one in instead_of], NAMED)}."
    undo = f"Changed your mind? {elements.code(f'{command} cover {override.schedule} none')}"
    return elements.message(said, [elements.section(said), elements.context(*([render(note)] if note else []), undo)])


def given_up(ended: Sequence[Override], now: datetime) -> Message:
    """To whoever gave it up; the times say what that was."""
    times = [
        f"{'now' if one.starts_at <= now else elements.moment(one.starts_at)} – {elements.moment(one.ends_at)}"
        for one in ended
    ]
    schedule = render(ended[0].schedule)
    return elements.line(
        f"You cover {schedule} no longer ({elements.join_comma(times, NAMED)}); the rotation holds again."
    )
