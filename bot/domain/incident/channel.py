"""Computes how an incident changes when its Slack channel is opened, refused, lost or usable again.

`bot.usecases.incidents.channel` commits the change.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from bot.domain.incident import members
from bot.domain.incident.state import Change, ChannelLoss, Incident
from bot.domain.timeline.entry import BOT, entry

_LOST = {
    ChannelLoss.ARCHIVED: "archived the channel",
    ChannelLoss.DELETED: "deleted the channel",
    ChannelLoss.REMOVED: "removed Tocsin from the channel",
}
_FOUND_LOST = {
    ChannelLoss.ARCHIVED: "The channel is archived",
    ChannelLoss.DELETED: "The channel was deleted",
    ChannelLoss.REMOVED: "Tocsin was removed from the channel, or it was deleted",
}


def record_opening(incident: Incident, channel_id: str, name: str | None) -> Change:
    """Record that the channel exists."""
    return Change(replace(incident, channel_id=channel_id, channel_name=name, channel_lost=None))


def stand_in(incident: Incident) -> str | None:
    """The person who gets messages directly while the channel cannot be used.

    That is the commander if the channel was lost, else the reporter; the next person who is inside, if they are not.
    None if nobody is.
    """
    people = [incident.declared_by, *incident.responders, *incident.roles.values()]
    if incident.channel_lost not in (None, ChannelLoss.REFUSED) and "commander" in incident.roles:
        people.insert(0, incident.roles["commander"])
    return members.inside(incident, people)


def record_refusal(incident: Incident) -> Incident:
    """Record that Slack refused for good to open a channel. A retry by a person may still open it."""
    return replace(incident, channel_lost=ChannelLoss.REFUSED)


def lose(incident: Incident, loss: ChannelLoss, now: datetime, by: str = BOT) -> Change | None:
    """Record that the channel cannot be used. None if that is recorded. `by` is `BOT` if nobody knows who did it."""
    current_loss = incident.channel_lost
    if incident.channel_id is None or current_loss == loss or current_loss is ChannelLoss.DELETED:
        return None
    text = _FOUND_LOST[loss] if by == BOT else _LOST[loss]
    record = entry(now, "channel_lost", by, text, loss=str(loss))
    return Change(replace(incident, channel_lost=loss), (record,))


def regain(incident: Incident, now: datetime) -> Change | None:
    """Record that the channel can be used again. None if it was not lost."""
    if incident.channel_lost in (None, ChannelLoss.REFUSED):
        return None
    record = entry(now, "channel_back", BOT, "The channel can be used again", after=str(incident.channel_lost))
    return Change(replace(incident, channel_lost=None, channel_back_at=now), (record,))
