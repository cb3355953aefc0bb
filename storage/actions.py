"""Stores action items. The incident of an item is locked while the item is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.actions.item import ActionItem
from storage.schema import action_items, incidents

_adapter = TypeAdapter(ActionItem)
_c = action_items.c
MOST_PLANNED = 20  # next reminders of an incident's items
_LIVE = sa.text("live")  # as in the partial index, word for word


async def next_number(conn: AsyncConnection, incident: int) -> int:
    """The number of the incident's next item."""
    latest = await conn.scalar(sa.select(sa.func.max(_c.number)).where(_c.incident == incident))
    return int(latest or 0) + 1


async def insert(conn: AsyncConnection, item: ActionItem, remind_at: datetime | None = None) -> None:
    """Store a new item."""
    await insert_many(conn, [(item, remind_at)])


async def insert_many(conn: AsyncConnection, items: Sequence[tuple[ActionItem, datetime | None]]) -> None:
    """Store new items, each with the instant of its first reminder."""
    rows = [
        {"incident": item.incident, "number": item.number, **_columns(item), "remind_at": remind_at}
        for item, remind_at in items
    ]
    if rows:
        await conn.execute(sa.insert(action_items), rows)


async def save(conn: AsyncConnection, item: ActionItem, remind_at: datetime | None) -> None:
    """Store an item in place of its earlier state, with the instant of its next reminder."""
    is_item = (_c.incident == item.incident, _c.number == item.number)
    await conn.execute(sa.update(action_items).where(*is_item).values(**_columns(item), remind_at=remind_at))


async def save_text(conn: AsyncConnection, item: ActionItem) -> None:
    """Store an item in place of its earlier state. Its next reminder stays as planned, also one that is due by now."""
    is_item = (_c.incident == item.incident, _c.number == item.number)
    await conn.execute(sa.update(action_items).where(*is_item).values(**_columns(item)))


async def claim_due(conn: AsyncConnection, now: datetime, limit: int) -> list[tuple[ActionItem, datetime]]:
    """Up to `limit` items whose reminder is due, with its instant, locked until the transaction ends."""
    query = sa.select(_c.state, _c.remind_at).where(_c.remind_at.is_not(None), _c.remind_at <= now)
    rows = await conn.execute(query.order_by(_c.remind_at).limit(limit).with_for_update(skip_locked=True))
    return [(_adapter.validate_python(row.state), row.remind_at) for row in rows]


async def planned_reminders(conn: AsyncConnection, incident: int) -> list[tuple[ActionItem, datetime]]:
    """The items of an incident whose owner is reminded next, with the instant from which that may happen.

    They are `MOST_PLANNED` at most, the soonest first.
    """
    planned = sa.select(_c.state, _c.remind_at).where(_c.incident == incident, _c.remind_at.is_not(None))
    rows = await conn.execute(planned.order_by(_c.remind_at, _c.number).limit(MOST_PLANNED))
    return [(_adapter.validate_python(row.state), row.remind_at) for row in rows]


async def plan_reminder(conn: AsyncConnection, item: ActionItem, remind_at: datetime | None) -> None:
    """Store when an item's next reminder is due."""
    is_item = (_c.incident == item.incident, _c.number == item.number)
    await conn.execute(sa.update(action_items).where(*is_item).values(remind_at=remind_at))


async def get(conn: AsyncConnection, incident: int, number: int) -> ActionItem | None:
    """The item; `None` if there is none."""
    state = await conn.scalar(sa.select(_c.state).where(_c.incident == incident, _c.number == number))
    return None if state is None else _adapter.validate_python(state)


async def get_many(conn: AsyncConnection, keys: Sequence[tuple[int, int]]) -> list[ActionItem]:
    """These items, each given by its incident and number, in this order. Those that do not exist are left out."""
    if not keys:
        return []
    states = await conn.scalars(sa.select(_c.state).where(sa.tuple_(_c.incident, _c.number).in_(keys)))
    items = {(item.incident, item.number): item for item in map(_adapter.validate_python, states)}
    return [items[key] for key in keys if key in items]


async def of_message(conn: AsyncConnection, incident: int, source_ts: str) -> ActionItem | None:
    """The item that was made from a message; `None` if there is none."""
    query = sa.select(_c.state).where(_c.incident == incident, _c.source_ts == source_ts).order_by(_c.number).limit(1)
    state = await conn.scalar(query)
    return None if state is None else _adapter.validate_python(state)


async def of_incident(conn: AsyncConnection, incident: int) -> list[ActionItem]:
    """All items of an incident, in the order of their numbers."""
    states = await conn.scalars(sa.select(_c.state).where(_c.incident == incident).order_by(_c.number))
    return [_adapter.validate_python(state) for state in states]


async def unfinished_items(conn: AsyncConnection, numbers: Sequence[int], limit: int) -> list[ActionItem]:
    """Up to `limit` items of these incidents that are still to be done."""
    if not numbers:
        return []
    query = sa.select(_c.state).where(_LIVE, _c.incident.in_(numbers)).order_by(_c.incident, _c.number).limit(limit)
    return [_adapter.validate_python(state) for state in await conn.scalars(query)]


@dataclass(frozen=True, slots=True)
class ActionFilter:
    """Which live items to find."""

    owner: str | None = None  # None: of everybody
    due_before: date | None = None
    private: bool = True  # with those of private incidents


async def live(conn: AsyncConnection, selection: ActionFilter, limit: int) -> list[ActionItem]:
    """Up to `limit` items that are still to be done, those due first first."""
    query = _live(sa.select(_c.state), selection).order_by(_c.due.is_(None), _c.due, _c.incident, _c.number)
    return [_adapter.validate_python(state) for state in await conn.scalars(query.limit(limit))]


async def count_live(conn: AsyncConnection, selection: ActionFilter) -> int:
    """The number of items that `live` would find without a limit."""
    return int(await conn.scalar(_live(sa.select(sa.func.count()).select_from(action_items), selection)) or 0)


def _live(query: Any, selection: ActionFilter) -> Any:
    query = query.where(_LIVE)
    if selection.owner is not None:
        query = query.where(_c.owner == selection.owner)
    if selection.due_before is not None:
        query = query.where(_c.due < selection.due_before.isoformat())
    if not selection.private:
        public = sa.select(incidents.c.number).where(incidents.c.private.is_(sa.false()))
        query = query.where(_c.incident.in_(public))
    return query


def _columns(item: ActionItem) -> dict[str, Any]:
    return {
        "live": item.live,
        "owner": item.owner,
        "due": item.due.isoformat() if item.due else None,
        "source_ts": item.source_ts,
        "state": _adapter.dump_python(item, mode="json"),
    }
