"""Builds the question whether an incident is resolved, since its alerts are."""

from __future__ import annotations

from bot.domain.incident import Incident
from bot.slack.blocks import elements
from bot.slack.blocks.elements import Message, button
from bot.slack.blocks.press_value import press_value
from bot.slack.text import mention


def proposal(incident: Incident, turn: int) -> Message:
    """The question with its two buttons."""
    text = f"All alerts of {incident.id} have resolved. Is it resolved?"
    return elements.message(
        text,
        [
            elements.section(f":white_check_mark: {text}\nAn alert resolves no incident: a person decides."),
            elements.actions(
                button("Resolve incident", "resolve", press_value(incident), style="primary"),
                button("Keep open", "keep_open", press_value(incident, turn)),
                block_id="proposal",
            ),
        ],
    )


def settled(incident: Incident, kept_open_by: str | None) -> Message:
    """The question without its buttons, and why. `kept_open_by`: None if nobody keeps it open."""
    text = f":white_check_mark: All alerts of {incident.id} had resolved."
    if kept_open_by is not None:
        return elements.line(f"{text} {mention(kept_open_by)} keeps it open.")
    if not incident.open:
        return elements.line(f"{text} It is {incident.status}.")
    return elements.line(f"{text} They fire again: it stays open.")
