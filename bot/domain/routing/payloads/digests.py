"""Payloads about what happened while Slack was down."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.domain.routing.payloads.payload import Payload


@dataclass(frozen=True)
class GatherPayload(Payload):
    """Names an outage of Slack, by the fields of an `OutageSpan`."""

    since: datetime
    until: datetime
    since_wall: datetime
    until_wall: datetime


@dataclass(frozen=True)
class DigestPayload(Payload):
    """Names one message of what happened while Slack was down: the first, or one of those in its thread."""

    since: datetime
    until: datetime
    place: str = "channel"  # or "announcement": under the announcement
    pieces: tuple[tuple[int, int, int], ...] = ()  # entries: number, first and last character of the text
    part: int = 1
    parts: int = 1
    seqs: tuple[int, ...] = ()  # the entries of `pieces`: those that a redaction may change
