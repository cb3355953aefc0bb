"""Defines the span of an outage of Slack that is over, on the bot's clock and on the wall clock."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

NOTICED_LATE = timedelta(seconds=60)  # what was written so long before may have failed already


@dataclass(frozen=True, slots=True)
class OutageSpan:
    """From when to when Slack was down. Entries carry the bot's clock, notices the wall clock."""

    since: datetime
    until: datetime
    since_wall: datetime
    until_wall: datetime

    def to_json(self) -> dict[str, str]:
        """The stored value."""
        return {name: getattr(self, name).isoformat() for name in ("since", "until", "since_wall", "until_wall")}

    @staticmethod
    def from_json(kept: dict[str, Any]) -> OutageSpan:
        """The stored value, read."""
        return OutageSpan(*(datetime.fromisoformat(kept[n]) for n in ("since", "until", "since_wall", "until_wall")))

    def waited(self, written_wall: datetime) -> bool:
        """Whether a message that was written then, and is posted after the outage, waited for its end."""
        return self.since_wall - NOTICED_LATE <= written_wall <= self.until_wall

    def is_after(self, posted_s: float) -> bool:
        """Whether Slack took a message after the outage, by its own clock (epoch seconds), which may differ from ours.

        It took none meanwhile, so the middle of the outage tells.
        """
        return posted_s > (self.since_wall.timestamp() + self.until_wall.timestamp()) / 2


def rehearsed_span(since: datetime, until: datetime, over_wall: datetime | None) -> OutageSpan | None:
    """The span of a drill of an outage; None while it lasts."""
    return None if over_wall is None else OutageSpan(since, until, over_wall - (until - since), over_wall)


def span_of(spans: Iterable[OutageSpan], written_wall: datetime) -> OutageSpan | None:
    """The outage during which something was written; None if it was written at another time."""
    return next((span for span in spans if span.waited(written_wall)), None)
