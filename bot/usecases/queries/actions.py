"""Finds action items that a person may see."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.actions.item import ActionItem
from bot.domain.actions.ticket import Ticket
from bot.domain.incident import Incident
from bot.usecases.visibility import can_see, visible_among
from storage import actions, incidents, tickets
from storage.actions import ActionFilter

READ = 1000  # items read at most; those of private incidents are checked one by one


@dataclass(frozen=True, slots=True)
class ActionMatches:
    """Up to the requested number of matching items, with their incidents and the total."""

    items: tuple[ActionItem, ...]
    incidents: Mapping[int, Incident]
    total: int
    tickets: Mapping[str, Ticket]  # by the item's ID; of the items that have one


async def of_incident(conn: AsyncConnection, incident: Incident) -> ActionMatches:
    """All items of an incident, open ones first, then by priority and due date."""
    items = sorted(await actions.of_incident(conn, incident.number), key=_order)
    return ActionMatches(tuple(items), {incident.number: incident}, len(items), await tickets_of(conn, items))


async def find_live(
    conn: AsyncConnection,
    user: str | None,
    *,
    owner: str | None = None,
    due_before: date | None = None,
    limit: int,
) -> ActionMatches:
    """Up to `limit` open items that `user` may see (None: all), in the order of their due days."""
    item_filter = ActionFilter(owner, due_before)
    items: Sequence[ActionItem] = await actions.live(conn, item_filter, READ)
    incidents_by_number = await incidents.get_many(conn, sorted({item.incident for item in items}))
    hidden = {
        number
        for number, incident in incidents_by_number.items()
        if incident.private and user is not None and not await can_see(conn, incident, user)
    }
    visible_items = [item for item in items if item.incident not in hidden]
    total = len(visible_items)
    if len(items) == READ:
        total = await actions.count_live(conn, item_filter if user is None else replace(item_filter, private=False))
    return ActionMatches(
        tuple(visible_items[:limit]), incidents_by_number, total, await tickets_of(conn, visible_items[:limit])
    )


async def visible(conn: AsyncConnection, user: str, items: Sequence[ActionItem]) -> list[ActionItem]:
    """Those of these items that `user` may see."""
    incidents_by_number = await incidents.get_many(conn, sorted({item.incident for item in items}))
    numbers = await visible_among(conn, list(incidents_by_number.values()), user)
    return [item for item in items if item.incident in numbers]


async def tickets_of(conn: AsyncConnection, items: Sequence[ActionItem]) -> dict[str, Ticket]:
    """The tickets of these items, by the item's ID."""
    ids_by_key = {(item.incident, item.number): item.id for item in items}
    stored = await tickets.of_incidents(conn, sorted({item.incident for item in items}))
    return {
        ids_by_key[ticket.incident, ticket.item]: ticket
        for ticket in stored
        if (ticket.incident, ticket.item) in ids_by_key
    }


def _order(item: ActionItem) -> tuple[bool, str, str, int]:
    return (not item.live, str(item.priority), item.due.isoformat() if item.due else "9999", item.number)
