"""Stores whether Slack is down, as noticed by the bot or declared by an operator. All replicas share it.

Past outages are stored as well: messages written during one are marked as delayed when they are posted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain import routing
from bot.domain.values.outage_span import OutageSpan
from storage import key_value
from storage.engine.dialect import wall_now
from storage.outbox import delayed, enqueue

NOTICED = "tocsin"  # who declared an outage that the bot noticed itself
REMEMBERED = 20  # outages that are over


@dataclass(frozen=True, slots=True)
class Outage:
    """An outage of Slack."""

    since: datetime
    by: str  # `NOTICED`, or who typed `tocsin outage start`
    reason: str
    since_wall: datetime | None = None  # `since` on the wall clock; None: stored by a version that did not keep it

    def in_words(self) -> str:
        """A sentence for operators."""
        return f"Slack is down since {self.since:%Y-%m-%d %H:%M} UTC: {self.reason}. People are paged by other methods"

    def as_json(self) -> dict[str, Any]:
        """The stored value."""
        wall = {"since_wall": self.since_wall.isoformat()} if self.since_wall else {}
        return {"since": self.since.isoformat(), "by": self.by, "reason": self.reason, **wall}


async def current(conn: AsyncConnection) -> Outage | None:
    """The outage; None while Slack works."""
    stored = await key_value.OUTAGE.get(conn)
    return None if not stored else _outage(stored)


def _outage(kept: dict[str, str]) -> Outage:
    wall = kept.get("since_wall")
    since = datetime.fromisoformat(kept["since"])
    return Outage(since, kept["by"], kept["reason"], datetime.fromisoformat(wall) if wall else None)


async def past_outages(conn: AsyncConnection) -> tuple[OutageSpan, ...]:
    """The latest outages that are over, the last of them first."""
    return tuple(OutageSpan.from_json(stored) for stored in await key_value.PAST_OUTAGES.get(conn) or [])


async def start(conn: AsyncConnection, outage: Outage, noticed_after: timedelta = timedelta(0)) -> Outage:
    """Store an outage, unless one is stored already. Returns the stored one. A declared outage replaces a noticed one.

    `noticed_after` is how long ago it began, on the wall clock.
    """
    row = await key_value.OUTAGE.lock(conn, {})
    earlier = _outage(row) if row else None
    if earlier is not None and (earlier.by != NOTICED or outage.by == NOTICED):
        return earlier
    began_wall = await wall_now(conn) - noticed_after
    stored = Outage(outage.since, outage.by, outage.reason, began_wall)
    if earlier is not None:
        stored = Outage(earlier.since, outage.by, outage.reason, earlier.since_wall)
    await key_value.OUTAGE.put(conn, stored.as_json())
    return stored


async def stop(conn: AsyncConnection, now: datetime, severities: Sequence[str], by: str | None = None) -> Outage | None:
    """End the outage, if `by` declared it or is None. Returns it; None if none was ended.

    Notices that wait for Slack become due at once, the worst severity first; `severities` are in that order. The
    outbox gathers the untold entries of each incident into one digest.
    """
    row = await key_value.OUTAGE.lock(conn, {})
    if not row:
        return None
    outage = _outage(row)
    if by is not None and outage.by != by:
        return None
    await key_value.OUTAGE.put(conn, None)
    over_wall = await wall_now(conn)
    span = OutageSpan(outage.since, now, outage.since_wall or over_wall - (now - outage.since), over_wall)
    spans = [outage_span.to_json() for outage_span in (span, *await past_outages(conn))]
    await key_value.PAST_OUTAGES.put(conn, spans[:REMEMBERED])
    numbers = await delayed.affected_incidents(conn, span, routing.TOLD_IN_DIGEST)
    await enqueue.put(conn, [routing.gathering(number, span) for number in numbers])
    await delayed.wake_worst_first(conn, severities)
    return outage
