"""Values that most storage tests begin with."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from bot.domain.incident import Incident, Ladder
from bot.domain.timeline.entry import Entry
from storage import incidents
from storage.database import Database

NOW = datetime(2026, 3, 29, 1, 30, 15, 123456, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
EXPIRED = timedelta(seconds=-1)  # a lease that has ended when it begins


def incident(number: int = 1, **more: Any) -> Incident:
    """An incident with `more` fields than the usual ones."""
    values: dict[str, Any] = {
        "number": number, "title": "Checkout is down", "severity": "sev2", "declared_by": "U1", "declared_at": NOW,
        "detected_at": NOW, "ladder": Ladder(NOW),
    }  # fmt: skip
    return Incident(**{**values, **more})


def message_entry(
    text: str = "hello", ts: str | None = None, actor: str = "U1", at: datetime = NOW, **more: Any
) -> Entry:
    """The entry of a person's message, with a key of its own for each `ts`."""
    return Entry(at, "message", actor, text, ts, dedup_key=ts and f"msg:{ts}", **more)


async def store_incidents(database: Database, *numbers: int) -> None:
    """Store incidents with these numbers, or with number 1."""
    async with database.transaction() as conn:
        for number in numbers or (1,):
            await incidents.insert(conn, incident(number))
