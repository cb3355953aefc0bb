"""Builds the messages about what happened to an incident's channel: it was lost, it is back, somebody left it."""

from __future__ import annotations

from bot.domain.incident import ChannelLoss, Incident
from bot.domain.incident.channel import stand_in
from bot.domain.policy.policy import Policy
from bot.domain.routing.payloads import ChannelLostPayload
from bot.domain.timeline.entry import BOT
from bot.slack.blocks import elements, phrases
from bot.slack.blocks.elements import Message
from bot.slack.text import mention, plain, render

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
    where = f"to {mention(stands_in)}" if stands_in not in (None, BOT, payload.person) else "to you"
    text = f":warning: The channel of {phrases.title(incident)} {how}{by}"
    return elements.message(
        f"{phrases.drill_prefix(incident)}{text}.",
        [
            elements.section(f"{phrases.drill_prefix(incident)}*{text}.*"),
            elements.section(
                f"What I would post there goes {where} directly; paging goes on. {_WHAT_NOW.get(loss, '')}\n"
                f"Every command works elsewhere: `{command} update … --in {incident.id}`"
            ),
        ],
    )


def elsewhere(incident: Incident, message: Message) -> Message:
    """The message as it is sent outside the channel: its text and its blocks name the incident."""
    names = phrases.title(incident)
    text = message.text if incident.id in message.text else f"{names}: {message.text}"
    if not message.blocks or incident.id in str(message.blocks):
        return elements.message(text, message.blocks)
    return elements.message(text, [elements.context(f"*{names}*"), *message.blocks])


def moved(incident: Incident) -> Message:
    """The text that replaces a direct message which is posted in the channel now."""
    return elements.line(f"{incident.id}: this is in {phrases.channel_link(incident)} now.")


def member_removed(incident: Incident, policy: Policy, user: str, command: str = "/incident") -> Message:
    """Tell the commander that a person left the private channel, and which roles they still hold."""
    text = f"{mention(user)} is no longer in the private channel of {phrases.title(incident)}"
    lines = ["They see nothing of it any more, and are not paged for it."]
    held_roles = [role for role, holder in incident.roles.items() if holder == user]
    if held_roles:
        titles = elements.join_comma([render(plain(phrases.role_of(role, policy).title)) for role in held_roles])
        lines.append(
            f"They still hold: {titles}. Give it to somebody else: `{command} role {render(held_roles[0])} @user`"
        )
    lines.append(f"To have them back: `{command} invite {mention(user)} --in {incident.id}`")
    return elements.message(f"{text}.", [elements.section(f"*{text}.*\n" + "\n".join(lines))])
