"""Defines a communication: one message to an audience, with the recipients it goes to and what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class State(StrEnum):
    """The state of a communication. The values are persisted."""

    ASKED = "asked"  # it waits for a second person
    REFUSED = "refused"  # a second person said no
    SENT = "sent"  # it is in the outbox, or delivered


class Group(StrEnum):
    """A group of recipients who are reached the same way. The values are persisted."""

    CHANNEL = "channel"
    DIRECT = "direct"
    EMAIL = "email"
    WEBHOOK = "webhook"


GROUP_NAMES = {
    Group.CHANNEL: "Slack channels",
    Group.DIRECT: "direct messages",
    Group.EMAIL: "e-mail",
    Group.WEBHOOK: "webhook",
}


@dataclass(frozen=True, slots=True)
class Recipient:
    """One place where a message goes: a channel, a person in Slack, a mail address, or the operator's webhook."""

    group: Group
    address: str  # a channel's name or ID, a Slack ID or address, a mail address; empty for the webhook
    name: str = ""  # of the person, if it is known


@dataclass(frozen=True, slots=True)
class ExcludedRecipient:
    """Somebody of an audience who does not get the message, and why."""

    who: str
    why: str


@dataclass(frozen=True, slots=True)
class Reach:
    """Exactly who gets a message, and who does not."""

    recipients: tuple[Recipient, ...] = ()
    left_out: tuple[ExcludedRecipient, ...] = ()

    def of(self, group: Group) -> tuple[Recipient, ...]:
        """The recipients of one group."""
        return tuple(recipient for recipient in self.recipients if recipient.group is group)

    def in_words(self) -> str:
        """The recipients in words, such as `#support, 3 by e-mail`."""
        parts = [recipient.address for recipient in self.of(Group.CHANNEL)]
        if direct := self.of(Group.DIRECT):
            parts.append(f"{len(direct)} by direct message")
        if mails := self.of(Group.EMAIL):
            parts.append(f"{len(mails)} by e-mail")
        if self.of(Group.WEBHOOK):
            parts.append("the webhook")
        return ", ".join(parts)


@dataclass(frozen=True, slots=True)
class Communication:
    """One message to an audience, as a person wrote it."""

    incident: int
    number: int  # among the messages of the incident, from 1
    audience: str
    name: str  # of the audience
    stage: str
    subject: str
    text: str
    author: str  # Slack ID, or the bot
    written_at: datetime
    state: State = State.SENT
    recipients: tuple[Recipient, ...] = ()
    left_out: tuple[ExcludedRecipient, ...] = ()
    of_audience: int = 1  # its number among the messages to this audience
    public: bool = False
    reply_to: str | None = None
    approver: str | None = None
    sent_at: datetime | None = None
    corrects: int | None = None  # the number of the message that it corrects

    @property
    def incident_id(self) -> str:
        """The incident's ID."""
        return f"INC-{self.incident}"

    @property
    def id(self) -> str:
        """The ID that people read, such as `INC-42/3`."""
        return f"{self.incident_id}/{self.number}"
