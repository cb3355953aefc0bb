"""Payloads of what audiences, executives, webhooks and subscribers are told."""

from __future__ import annotations

from dataclasses import dataclass

from bot.domain.routing.payloads.payload import Payload


@dataclass(frozen=True)
class BriefingPayload(Payload):
    """A briefing for one executive."""

    person: str  # a Slack ID or an e-mail address
    called: str = ""  # their name
    why: str | None = None  # the missed target; None at declaration


@dataclass(frozen=True)
class CommunicationPayload(Payload):
    """One recipient of a communication, or the communication itself where no address is given."""

    number: int  # of the communication, within the incident
    address: str = ""  # a channel, or a mail address
    person: str | None = None  # who gets it directly: a Slack ID or an e-mail address
    name: str = ""  # of a person who gets it by mail


@dataclass(frozen=True)
class CopyPayload(Payload):
    """A publication that is copied elsewhere."""

    publication: str


@dataclass(frozen=True)
class PublicationPayload(Payload):
    """A publication about the incident, or a correction of one."""

    publication: str
    update: str  # a reference, as `referred_update` reads it
    person: str


@dataclass(frozen=True)
class CommunicationTestPayload(Payload):
    """A message to an audience, sent to its author first."""

    person: str
    audience: str
    subject: str = ""
    text: str = ""


@dataclass(frozen=True)
class WebhookPayload(Payload):
    """Names a timeline entry, and the webhook of the policy that is told of it."""

    rule: str
    seq: int


@dataclass(frozen=True)
class WebhookTestPayload(Payload):
    """Names the webhook of the policy that gets a test event, and the person who asked for it."""

    rule: str
    by: str


@dataclass(frozen=True)
class SubscriberPayload(Payload):
    """A subscriber of the status page, and what it is told; without a publication it is asked to confirm."""

    subscriber: str
    publication: str | None = None
    update: str | None = None
