"""Defines which figures a policy aims at, and when its weekly digest and emergency sheet go out."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import time


@dataclass(frozen=True, slots=True)
class FigureTargets:
    """Shares from 0 to 1 by name, as `auto_detection` or `false_positive_rate`. Times have targets by severity."""

    automation: dict[str, float] = field(default_factory=dict)  # at least so much
    accuracy: dict[str, float] = field(default_factory=dict)  # rates of errors at most, the others at least


@dataclass(frozen=True, slots=True)
class WeeklyDigest:
    """The channel and time of the weekly digest, in the policy's time zone."""

    channel: str
    weekday: int = 0  # Monday is 0
    at: time = time(9)


@dataclass(frozen=True, slots=True)
class SheetMail:
    """The recipients and the weekly time of the mailed emergency sheet, in the policy's time zone."""

    mail: tuple[str, ...]  # contacts of the policy, and addresses
    weekday: int = 0  # Monday is 0
    at: time = time(8)
