"""Another policy for an incident under way: what would change, with the button that does it."""

from __future__ import annotations

from collections.abc import Sequence

from bot.domain.deadlines import Deadline
from bot.domain.incident import Incident
from bot.domain.policy_change import NOTHING
from bot.slack.blocks import kit
from bot.slack.blocks.kit import Message, button
from bot.slack.text import clip, render

LINES = 20
AHEAD = 6


def preview(incident: Incident, changes: Sequence[str], ahead: Sequence[Deadline], digest: str) -> Message:
    """Privately, to whoever asked."""
    words = f"{incident.id} goes by the policy it was declared under. With the one in force:"
    coming = "\n".join(f"• {kit.moment(one.due_at)} · {clip(render(one.reason), 200)}" for one in ahead[:AHEAD])
    return kit.message(
        words,
        [
            kit.section(f"*{words}*"),
            *kit.sections(listed(changes)),
            *kit.sections(f"*What would come next*\n{coming}" if coming else "*Nothing would come due.*"),
            kit.actions(button("Apply", "policy_apply", f"{incident.id}:{digest}", style="primary"), block_id="policy"),
            kit.context("Nobody who was paged is paged again. It goes on the timeline, and the channel is told."),
        ],
    )


def listed(changes: Sequence[str]) -> str:
    """Mrkdwn, a line for each."""
    shown = [f"• {clip(render(one), 300)}" for one in changes[:LINES]] or [f"• {NOTHING}"]
    more = [f"… and {len(changes) - LINES} more"] if len(changes) > LINES else []
    return "\n".join([*shown, *more])


def in_force(incident: Incident) -> Message:
    return kit.line(f"{incident.id} goes by the policy in force. There is nothing to bring to it.")


def applied(incident: Incident) -> Message:
    return kit.line(f"{incident.id} goes by the policy in force now. The channel has been told.")
