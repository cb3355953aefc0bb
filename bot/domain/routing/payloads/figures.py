"""Payloads of what goes out each week, and of the report of a day in shadow mode."""

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


@dataclass(frozen=True)
class ShadowReportPayload(Payload):
    """Names the day in shadow mode that the report tells of, and the channel of the policy at that time."""

    since: datetime
    until: datetime
    day: int  # from 1
    days: int
    source: str
    channel: str
