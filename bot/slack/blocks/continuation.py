"""Builds the messages that continue a long text in a thread."""

from __future__ import annotations

from bot.domain.incident import Incident
from bot.slack.blocks import elements, phrases
from bot.slack.blocks.elements import Message
from bot.slack.text import clip, render


def part(incident: Incident, text: str, number: int, heading: str) -> Message | None:
    """One message of a long text, counted from 1; `heading` names the text. None if the text ends before."""
    pages = elements.text_pages(render(text))
    if number > len(pages):
        return None
    which = f", part {number} of {len(pages)}" if len(pages) > 1 else ", in full"
    page = pages[number - 1]
    return elements.message(
        f"{phrases.drill_prefix(incident)}{incident.id} {render(heading)}{which}: {clip(page[0], 200)}",
        [*[elements.section(chunk) for chunk in page], elements.context(f"{incident.id} {render(heading)}{which}")],
    )


def removed(incident: Incident) -> Message:
    """The replacement for a posted part whose text was redacted or deleted."""
    return elements.line(f"{phrases.drill_prefix(incident)}{incident.id}: _the text was removed_")
