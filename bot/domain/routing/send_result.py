"""Defines the result of one attempt to send a notice, on which the outbox acts."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from bot.domain.errors import DeliveryError

# Reasons of notices that wait on purpose, perhaps for days: nothing is wrong meanwhile.
WAITS_FOR_WORKING_HOURS = "it waits for working hours"
WITHHELD_BY_DRILL = "the drill withholds it from Slack"
PLANNED_WAITS = frozenset({WAITS_FOR_WORKING_HOURS, WITHHELD_BY_DRILL})


@dataclass(frozen=True, slots=True)
class Sent:
    """Delivered. Edits and replies need the receipt: channel, `ts` and key of the message, or a vendor's answer."""

    receipt: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NotNeeded:
    """Dropped: the notice was no longer needed when its turn came."""

    reason: str


@dataclass(frozen=True, slots=True)
class Deferred:
    """Not attempted: a rate limit permits the call only `after` this time. It does not count as an attempt.

    `blocked`: not a rate limit holds it back, but something that an operator or admin has to fix.
    `offered`: this replica's part of the limit is used up, and another may send it meanwhile.
    """

    reason: str
    after: timedelta
    blocked: bool = False
    offered: bool = False


@dataclass(frozen=True, slots=True)
class Retry:
    """Attempted without success. If `after` is None, the outbox decides how long to wait."""

    reason: str
    after: timedelta | None = None
    uncertain: bool = False  # it may have arrived: look for it before repeating it


LEASE_TOO_SHORT = Retry("its lease would have ended before the answer", timedelta(0))


@dataclass(frozen=True, slots=True)
class Failed:
    """Refused for good; `reason` is shown on the card and the timeline."""

    reason: str


@dataclass(frozen=True, slots=True)
class Held:
    """It cannot go out before something else happens; `until` is the dedup key that stands for that."""

    reason: str
    until: str


SendResult = Sent | NotNeeded | Deferred | Retry | Failed | Held


def result_of(error: DeliveryError, reason: str | None = None) -> Deferred | Retry | Failed:
    """The result for an error of an HTTP client; `reason` replaces the error's message."""
    text = str(error) if reason is None else reason
    after = None if error.wait_s is None else timedelta(seconds=error.wait_s)
    if error.blocked:
        return Deferred(text, after or timedelta(0), blocked=True)
    if not error.attempted:
        return Deferred(text, after or timedelta(0))
    if error.permanent:
        return Failed(text)
    return Retry(text, after, error.uncertain)
