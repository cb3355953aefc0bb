"""Payloads that go to one person, about their role, their action items or the review."""

from __future__ import annotations

from dataclasses import dataclass

from bot.domain.routing.payloads.payload import Payload


@dataclass(frozen=True)
class UserPayload(Payload):
    """Names a person, for an invitation or a home tab."""

    user: str  # a Slack ID or an e-mail address
    asked_by: str | None = None  # who is told if the invitation fails


@dataclass(frozen=True)
class DutiesPayload(Payload):
    """Names a role and its new holder, who is told its duties."""

    role: str
    user: str


@dataclass(frozen=True)
class UnfurlPayload(Payload):
    """A link to an incident in a message, which Slack names by channel and `ts`, or by an ID and its source."""

    url: str  # as it was written
    incident: int
    channel: str = ""
    ts: str = ""
    unfurl_id: str = ""
    source: str = ""


@dataclass(frozen=True)
class ReviewPointPayload(Payload):
    """Names a point of the agenda of the incident's review, from 1."""

    point: int


@dataclass(frozen=True)
class ReviewInvitePayload(Payload):
    """Names a participant who is sent the meeting of the review."""

    person: str
    scheduled: int  # how often a time was set: an older invitation is not sent


@dataclass(frozen=True)
class ReviewExportPayload(Payload):
    """Names the wiki into which the review is written."""

    wiki: str


@dataclass(frozen=True)
class ActionPayload(Payload):
    """Names an action item of the incident, and its new owner."""

    number: int
    person: str


@dataclass(frozen=True)
class TicketPayload(Payload):
    """Names the action item whose ticket it is about; 0 stands for the incident itself."""

    item: int


@dataclass(frozen=True)
class ActionReminderPayload(Payload):
    """Names a person who is reminded of their action items, and the day."""

    person: str
    day: str  # ISO 8601


@dataclass(frozen=True)
class ActionReminderEditPayload(Payload):
    """Names a reminder of action items that was sent, and its person."""

    of: str  # its dedup key
    person: str


@dataclass(frozen=True)
class ReviewQuestionsPayload(Payload):
    """Names a person who is asked what the record leaves open."""

    person: str
