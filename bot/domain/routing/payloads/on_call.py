"""Payloads about who is on call."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.domain.routing.payloads.payload import Payload


@dataclass(frozen=True)
class OperatorsPayload(Payload):
    """Lists what operators should mend: methods of paging that could not be used."""

    gaps: tuple[str, ...] = ()


@dataclass(frozen=True)
class UsergroupPayload(Payload):
    """Names a user group whose members follow a schedule."""

    group: str  # its handle or ID


@dataclass(frozen=True)
class RelievedPayload(Payload):
    """Tells a person that somebody covers their on-call shift, or no longer does."""

    person: str  # a Slack ID or an e-mail address
    schedule: str
    by: str  # who covers
    starts_at: datetime
    ends_at: datetime
    ended: bool = False  # the cover was given up: the person is on call again


@dataclass(frozen=True)
class ShiftOfferPayload(Payload):
    """Offers to hand a role over when a shift ends."""

    person: str  # whose shift is over
    role: str
    schedule: str
    to: str  # who is on call now
    called: str = ""  # their name in the policy
