"""Builds the preview of a newer policy for an open incident, with the button that applies it."""

from __future__ import annotations

from collections.abc import Sequence

from bot.domain.deadlines import Deadline
from bot.domain.incident import Incident
from bot.domain.policy_change import NO_DIFFERENCE
from bot.slack.blocks import elements
from bot.slack.blocks.elements import Message, button
from bot.slack.blocks.press_value import press_value
from bot.slack.text import clip, render

MAX_CHANGES = 20
MAX_DEADLINES = 6


def preview(incident: Incident, changes: Sequence[str], ahead: Sequence[Deadline], digest: str) -> Message:
    """The changes that the current policy would make, and its deadlines to come (`ahead`, in order of time)."""
    text = f"{incident.id} follows the policy that it was declared under. Under the current one:"
    upcoming = "\n".join(
        f"• {elements.moment(deadline.due_at)} · {clip(render(deadline.reason), 200)}"
        for deadline in ahead[:MAX_DEADLINES]
    )
    return elements.message(
        text,
        [
            elements.section(f"*{text}*"),
            *elements.sections(change_lines(changes)),
            *elements.sections(f"*What would come next*\n{upcoming}" if upcoming else "*Nothing would come due.*"),
            elements.actions(
                button("Apply", "policy_apply", press_value(incident, digest), style="primary"), block_id="policy"
            ),
            elements.context(
                "Applying it pages nobody a second time. The timeline records it, and the channel is told."
            ),
        ],
    )


def change_lines(changes: Sequence[str]) -> str:
    """The changes as lines of mrkdwn."""
    lines = [f"• {clip(render(change), 300)}" for change in changes[:MAX_CHANGES]] or [f"• {NO_DIFFERENCE}"]
    more = [f"… and {len(changes) - MAX_CHANGES} more"] if len(changes) > MAX_CHANGES else []
    return "\n".join([*lines, *more])


def in_force(incident: Incident) -> Message:
    """The answer if the incident follows the current policy already."""
    return elements.line(f"{incident.id} follows the current policy already. There is nothing to apply.")


def applied(incident: Incident) -> Message:
    """The answer to the person who applied the current policy."""
    return elements.line(f"{incident.id} now follows the current policy. The channel has been told.")
