"""Payloads of reminders."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.domain.routing.payloads.payload import Payload
from bot.domain.routing.payloads.settled import SettledPayload


@dataclass(frozen=True)
class NudgePayload(Payload):
    """A reminder in the incident's channel."""

    mention: tuple[str, ...] = ()  # who is asked
    soft: bool = False  # one line without a mention, since the channel is busy
    late_s: float | None = None
    reason: str = "it is due"
    owes_update: bool = False
    missing: tuple[str, ...] = ()  # keys of required roles that are empty
    due_at: datetime | None = None
    next_at: datetime | None = None  # when it repeats
    page: bool = False  # whether the ladder is paged too
    nobody_left: bool = False  # whether it would be paged, and reaches nobody
    audiences: tuple[str, ...] = ()  # names of audiences that are to be told


@dataclass(frozen=True)
class NudgeSettledPayload(SettledPayload):
    """Edits a reminder that is settled, or that asks for less now."""

    left: tuple[str, ...] = ()  # keys of the roles that it still asks for; then it is not settled
