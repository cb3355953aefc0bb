"""Builds the messages that say that an incident's channel cannot be used, or that a message is there now.

The second replaces a direct message that was sent while the channel could not be used.
"""

from __future__ import annotations

from bot.domain.incident import ChannelLoss, Incident
from bot.domain.incident.channel import stand_in
from bot.domain.routing.payloads import ChannelLostPayload
from bot.slack.blocks import elements, phrases
from bot.slack.blocks.elements import Message
from bot.slack.text import mention

_WHAT_NOW = {
    ChannelLoss.ARCHIVED: "Unarchive it, and I go on there.",
    ChannelLoss.DELETED: "It cannot be brought back.",
    ChannelLoss.REMOVED: "Invite me to it again, and I go on there.",
}


def lost(incident: Incident, payload: ChannelLostPayload, command: str = "/incident") -> Message:
    """Tell the commander or the reporter what happened, where messages go now, and what brings the channel back."""
    loss = incident.channel_lost or ChannelLoss.REMOVED
    how = phrases.channel_loss(incident)
    by = f" by {mention(payload.by)}" if payload.by else ""
    stands_in = stand_in(incident)
    where = "to you" if payload.person == stands_in else f"to {mention(stands_in)}"
    words = f":warning: The channel of {phrases.title(incident)} {how}{by}"
    return elements.message(
        f"{phrases.drill_prefix(incident)}{words}.",
        [
            elements.section(f"{phrases.drill_prefix(incident)}*{words}.*"),
            elements.section(
                f"What I would post there goes {where} directly; paging goes on. {_WHAT_NOW.get(loss, '')}\n"
                f"Every command works elsewhere: `{command} update … --in {incident.id}`"
            ),
        ],
    )


def moved(incident: Incident) -> Message:
    """The text that replaces a direct message which is posted in the channel now."""
    return elements.line(f"{incident.id}: this is in {phrases.channel_link(incident)} now.")
