"""Payloads about the incident's channel and who is in it."""

from __future__ import annotations

from dataclasses import dataclass

from bot.domain.routing.payloads.payload import Payload


@dataclass(frozen=True)
class BookmarkPayload(Payload):
    """Names a bookmark that the policy defines."""

    title: str


@dataclass(frozen=True)
class ChannelLookPayload(Payload):
    """An event's report about the channel. Slack is asked all the same: events come late, twice or out of order."""

    by: str = ""  # who did it
    loss: str = ""  # a `ChannelLoss`, for a private channel that the bot can no longer see


@dataclass(frozen=True)
class ChannelLostPayload(Payload):
    """Tells one person that the incident has lost its channel."""

    person: str  # a Slack ID
    by: str = ""  # who did it; empty where nobody knows


@dataclass(frozen=True)
class MemberRemovedPayload(Payload):
    """Tells one person in a private incident who has left it."""

    person: str  # who is told, as a Slack ID
    user: str  # who was removed


@dataclass(frozen=True)
class MovedPayload(Payload):
    """Edits a direct message that stood in for one in the channel."""

    channel: str
    ts: str
    key: str  # of its metadata
