"""Builds the line to the announcement channel about what only an operator can mend."""

from __future__ import annotations

from collections.abc import Sequence

from bot.slack.blocks import elements
from bot.slack.blocks.elements import Message
from bot.slack.text import clip, render

GAPS = 10


def paging_gaps(gaps: Sequence[str]) -> Message:
    """Methods of paging that the policy names and a page could not use. Said once a day at most."""
    listed = elements.join_comma([clip(render(gap), 200) for gap in gaps], GAPS)
    return elements.line(
        f":wrench: For operators: a page could not use every method that the policy names: {listed}. "
        "`tocsin check` says what to set. This is said once a day."
    )
