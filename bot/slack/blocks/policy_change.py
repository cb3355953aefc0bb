"""Another policy for an incident under way: what would change, with the button that does it."""

from __future__ import annotations

from collections.abc import Sequence

from bot.domain.deadlines import Deadline
from bot.domain.incident import Incident
from bot.domain.policy_change import NO_DIFFERENCE
from bot.slack.blocks import elements
from bot.slack.blocks.elements import Message, button
from bot.slack.text import clip, render

LINES = 20
AHEAD = 6


def preview(incident: Incident, changes: Sequence[str], ahead: Sequence[Deadline], digest: str) -> Message:
    """Privately, to whoever asked."""
    words = f"{incident.id} goes by the policy it was declared under. With the one in force:"
    coming = "\n".join(f"• {elements.moment(one.due_at)} · {clip(render(one.reason), 200)}" for one in ahead[:AHEAD])
    return elements.message(
        words,
        [
            elements.section(f"*{words}*"),
            *elements.sections(listed(changes)),
            *elements.sections(f"*What would come next*\n{coming}" if coming else "*Nothing would come due.*"),
            elements.actions(
                button("Apply", "policy_apply", f"{incident.id}:{digest}", style="primary"), block_id="policy"
            ),
            elements.context("Nobody who was paged is paged again. It goes on the timeline, and the channel is told."),
        ],
    )


def listed(changes: Sequence[str]) -> str:
    """Mrkdwn, a line for each."""
    shown = [f"• {clip(render(one), 300)}" for one in changes[:LINES]] or [f"• {NO_DIFFERENCE}"]
    more = [f"… and {len(changes) - LINES} more"] if len(changes) > LINES else []
    return "\n".join([*shown, *more])


def in_force(incident: Incident) -> Message:
    return elements.line(f"{incident.id} goes by the policy in force. There is nothing to bring to it.")


def applied(incident: Incident) -> Message:
    return elements.line(f"{incident.id} goes by the policy in force now. The channel has been told.")
