"""Keeps whether Slack is down: noticed by the bot, or declared by an operator. All replicas share it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from storage import key_value

NOTICED = "tocsin"  # who declared an outage that the bot noticed itself


@dataclass(frozen=True, slots=True)
class Outage:
    """An outage of Slack."""

    since: datetime
    by: str  # `NOTICED`, or who typed `tocsin outage start`
    reason: str

    def in_words(self) -> str:
        """A sentence for operators."""
        return f"Slack is down since {self.since:%Y-%m-%d %H:%M} UTC: {self.reason}. People are paged by other methods"

    def as_json(self) -> dict[str, Any]:
        """The stored value."""
        return {"since": self.since.isoformat(), "by": self.by, "reason": self.reason}


async def current(conn: AsyncConnection) -> Outage | None:
    """The outage; None while Slack works."""
    kept = await key_value.OUTAGE.get(conn)
    return Outage(datetime.fromisoformat(kept["since"]), kept["by"], kept["reason"]) if kept else None


async def start(conn: AsyncConnection, outage: Outage) -> Outage:
    """Store an outage, unless there is one already. Returns the one that is stored; one by hand outranks the other."""
    known = await current(conn)
    if known is not None and (known.by != NOTICED or outage.by == NOTICED):
        return known
    stored = outage if known is None else Outage(known.since, outage.by, outage.reason)
    await key_value.OUTAGE.put(conn, stored.as_json())
    return stored


async def stop(conn: AsyncConnection) -> Outage | None:
    """End the outage. Returns it; None if there was none."""
    known = await current(conn)
    if known is not None:
        await key_value.OUTAGE.put(conn, None)
    return known
