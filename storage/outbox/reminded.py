"""Reads the other reminders of the same thing, so that nobody gets two of them on a day."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.schema import outbox

DAY = "day"  # in the receipt of a reminder: the day on which the person got it, by their own clock
UNDER_WAY = frozenset({"leased", "unknown"})
_LATEST = 40
_c = outbox.c


class OtherReminder(NamedTuple):
    """A reminder with its state in the outbox, and the day on which the person got it, if it was sent."""

    id: int  # a later reminder has a higher one
    dedup_key: str
    state: str
    told_on: date | None


async def others(conn: AsyncConnection, prefix: str, row: int) -> list[OtherReminder]:
    """The latest reminders whose keys begin with the prefix, but for this row."""
    # Those that begin with `prefix:` lie between it and `prefix;`.
    keys = sa.and_(_c.dedup_key > f"{prefix}:", _c.dedup_key < f"{prefix};", _c.id != row)
    query = sa.select(_c.id, _c.dedup_key, _c.state, _c.receipt).where(keys).order_by(_c.id.desc()).limit(_LATEST)
    return [
        OtherReminder(number, key, state, date.fromisoformat(receipt[DAY]) if receipt and receipt.get(DAY) else None)
        for number, key, state, receipt in await conn.execute(query)
    ]
