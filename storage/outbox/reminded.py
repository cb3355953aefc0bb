"""Reads the other reminders of the same thing, so that nobody gets two of them on a day."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.schema import outbox

DAY = "day"  # in the receipt of a reminder: the day on which the person got it, by their own clock
ITEMS = "items"  # likewise: the action items that it shows, each as `[incident, number]`
UNDER_WAY = frozenset({"leased", "unknown"})
_LATEST = 40
MOST_SHOWING = 5
_c = outbox.c


class OtherReminder(NamedTuple):
    """A reminder with its state in the outbox, and the day on which the person got it, if it was sent."""

    id: int  # a later reminder has a higher one
    dedup_key: str
    state: str
    told_on: date | None


async def others(conn: AsyncConnection, prefix: str, row: int) -> list[OtherReminder]:
    """The latest reminders whose keys begin with the prefix, but for this row."""
    query = sa.select(_c.id, _c.dedup_key, _c.state, _c.receipt).where(_begins_with(prefix), _c.id != row)
    query = query.order_by(_c.id.desc()).limit(_LATEST)
    return [
        OtherReminder(number, key, state, date.fromisoformat(receipt[DAY]) if receipt and receipt.get(DAY) else None)
        for number, key, state, receipt in await conn.execute(query)
    ]


async def showing(conn: AsyncConnection, prefix: str, incident: int, number: int) -> list[str]:
    """The keys of the latest reminders that show an action item, and of those still to be sent, which may show it.

    A process may just be sending one that this transaction sees as waiting. They are `MOST_SHOWING` at most, of those
    whose keys begin with the prefix.
    """
    query = sa.select(_c.dedup_key, _c.state, _c.receipt).where(
        _begins_with(prefix), _c.state.in_(("queued", *sorted(UNDER_WAY), "sent"))
    )
    rows = await conn.execute(query.order_by(_c.id.desc()).limit(_LATEST))
    keys = [
        key for key, state, receipt in rows if state != "sent" or [incident, number] in (receipt or {}).get(ITEMS, ())
    ]
    return keys[:MOST_SHOWING]


def _begins_with(prefix: str) -> sa.ColumnElement[bool]:
    """Whether a key begins with `prefix:`. Those that do lie between it and `prefix;`."""
    return sa.and_(_c.dedup_key > f"{prefix}:", _c.dedup_key < f"{prefix};")
