"""Builds the message to the announcement channel about gaps that only an operator can close."""

from __future__ import annotations

from collections.abc import Sequence

from bot.slack.blocks import elements
from bot.slack.blocks.elements import Message
from bot.slack.text import clip, render

GAPS = 10


def paging_gaps(gaps: Sequence[str]) -> Message:
    """Paging methods that the policy names and a page could not use. Sent once a day at most."""
    gap_list = elements.join_comma([clip(render(gap), 200) for gap in gaps], GAPS)
    return elements.line(
        f":wrench: For operators: a page could not use every method that the policy names: {gap_list}. "
        "`tocsin check` says what to set. This is said once a day."
    )
