"""Confirms that a person covers a schedule, or no longer does."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot.domain.oncall.schedule import Override
from bot.domain.policy.policy import Policy
from bot.domain.values import durations
from bot.slack.blocks import elements
from bot.slack.blocks.elements import Message
from bot.slack.blocks.oncall import called
from bot.slack.text import render

LISTED = 3  # people and times named in one sentence


def covered(
    override: Override,
    instead_of: Sequence[str],
    policy: Policy,
    now: datetime,
    command: str,
    notes: Sequence[str] = (),
) -> Message:
    """Confirm a cover to the person who took it. `notes` say how the times were understood."""
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
    return elements.message(words, [elements.section(words), elements.context(*[render(note) for note in notes], undo)])


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
