"""Covering a schedule: the form, its confirmation, and the message when covers are cancelled."""

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
DEFAULT_SPAN = timedelta(hours=12)
STALE = timedelta(hours=1)  # a form left open for this long still means “from now”
LISTED = 3  # people and times named in one sentence


@dataclass(frozen=True, slots=True)
class CoverValues:
    """The submitted form."""

    schedule: str
    starts_at: datetime
    ends_at: datetime
    channel: str | None  # where the form was opened


def modal(policy: Policy, now: datetime, schedule: str | None = None, channel: str | None = None) -> Block:
    """The form, with blocks `schedule`, `starts` and `ends`. Slack uses the reader's time zone for the times."""
    options = [elements.option(key, key) for key in elements.usable(policy.schedules)]
    chosen = schedule if schedule in policy.schedules else next(iter(policy.schedules), None)
    return elements.modal(
        CALLBACK,
        "Cover a schedule",
        "Cover",
        [
            elements.input_block("schedule", "Schedule", elements.select(options, chosen)),
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


def values_of_modal(view: View, now: datetime) -> CoverValues:
    """Read the form. Raises `InputErrors` for a time in the past, or an end before the start."""
    schedule, starts, ends = (
        inputs.chosen(view, "schedule"),
        inputs.instant(view, "starts"),
        inputs.instant(view, "ends"),
    )
    if schedule is None or starts is None or ends is None:
        raise InputErrors({"schedule": "Choose a schedule and both times."})
    if starts < now - STALE:
        raise InputErrors({"starts": "That time has passed. Choose now or a later time."})
    if ends <= max(starts, now):
        raise InputErrors({"ends": "That is before the start. Choose a later time."})
    channel = inputs.metadata_of(view).get("channel")
    return CoverValues(schedule, max(starts, now), ends, str(channel) if channel else None)


def covered(
    override: Override, instead_of: Sequence[str], policy: Policy, now: datetime, command: str, note: str = ""
) -> Message:
    """Confirm a cover to the person who took it. `note` says how an ambiguous time was understood."""
    schedule, until = f"*{render(override.schedule)}*", elements.moment(override.ends_at)
    lasts = durations.approximate(override.ends_at - override.starts_at)
    if override.starts_at <= now:
        words = f"You are on call on {schedule} for {lasts}, until {until}. Pages for it come to you."
    else:
        words = (
            f"You will be on call on {schedule} from {elements.moment(override.starts_at)} until {until} ({lasts}). "
            "Pages for it come to you then."
        )
    if instead_of:
        words += f" You stand in for {elements.join_comma([called(person, policy) for person in instead_of], LISTED)}."
    undo = f"Changed your mind? {elements.code(f'{command} cover {override.schedule} none')}"
    return elements.message(words, [elements.section(words), elements.context(*([render(note)] if note else []), undo)])


def given_up(ended: Sequence[Override], now: datetime) -> Message:
    """Confirm to a person that these covers of theirs have ended."""
    times = [
        f"{'now' if cover.starts_at <= now else elements.moment(cover.starts_at)} – {elements.moment(cover.ends_at)}"
        for cover in ended
    ]
    schedule = render(ended[0].schedule)
    return elements.line(
        f"You no longer cover {schedule} ({elements.join_comma(times, LISTED)}). The rotation applies again."
    )
