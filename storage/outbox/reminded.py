"""Tells which other reminders of a person's action items there are, so that they get one a day."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.schema import outbox

DAY = "day"  # in the receipt of a reminder: the day on which the person got it, by their own clock
_c = outbox.c


class OtherReminder(NamedTuple):
    """A reminder with its state in the outbox, and the day on which the person got it, if it was sent."""

    dedup_key: str
    state: str
    told_on: date | None


async def with_keys(conn: AsyncConnection, dedup_keys: Collection[str]) -> list[OtherReminder]:
    """The reminders with these keys, as far as they were ever queued."""
    query = sa.select(_c.dedup_key, _c.state, _c.receipt).where(_c.dedup_key.in_(sorted(dedup_keys)))
    return [
        OtherReminder(key, state, date.fromisoformat(receipt[DAY]) if receipt and receipt.get(DAY) else None)
        for key, state, receipt in await conn.execute(query)
    ]
