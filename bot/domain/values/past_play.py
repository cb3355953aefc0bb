"""Defines the progress of a drill that replays a past incident."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class PastPlay:
    """A drill that replays a past incident: its input arrives again, `speed` times as fast."""

    of: int  # number of the past incident
    began_at: datetime  # when that was declared
    speed: int = 10
    seq: int = 0  # the last entry of its timeline that was played
    turn: int = 0  # how often something was played, or it was too early
    next_at: datetime | None = None  # when the next is played; None: all were
    compared: bool = False  # whether the channel was told how it went, then and now
