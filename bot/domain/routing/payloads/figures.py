"""Payloads of the weekly digest."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.domain.routing.payloads.payload import Payload


@dataclass(frozen=True)
class WeeklyDigestPayload(Payload):
    """Names the end of the week that the digest sums up, and the channel of the policy at that time."""

    until: datetime
    channel: str
