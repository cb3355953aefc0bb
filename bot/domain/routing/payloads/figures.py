"""Payloads of what goes out each week."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.domain.routing.payloads.payload import Payload


@dataclass(frozen=True)
class WeeklyDigestPayload(Payload):
    """Names the end of the week that the digest sums up, and the channel of the policy at that time."""

    until: datetime
    channel: str


@dataclass(frozen=True)
class SheetMailPayload(Payload):
    """Names the instant at which the emergency sheet was due, and one address that it is mailed to."""

    due_at: datetime
    address: str
