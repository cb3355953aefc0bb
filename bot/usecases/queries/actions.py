"""Finds action items that a person may see."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.actions.item import ActionItem
from bot.domain.actions.ticket import Ticket
from bot.domain.incident import Incident
from bot.usecases.visibility import can_see
from storage import actions, incidents, tickets
from storage.actions import ActionFilter

READ = 1000  # items read at most, among which those of private incidents are looked at one by one


@dataclass(frozen=True, slots=True)
class FoundActions:
    """Items that match, as many as were asked for, with their incidents, and how many there are in all."""

    items: tuple[ActionItem, ...]
    incidents: Mapping[int, Incident]
    total: int
    tickets: Mapping[str, Ticket]  # by the item's ID; of the items that have one


async def of_incident(conn: AsyncConnection, incident: Incident) -> FoundActions:
    """All items of an incident, those to be done first, then by urgency and due date."""
    items = sorted(await actions.of_incident(conn, incident.number), key=_order)
    return FoundActions(tuple(items), {incident.number: incident}, len(items), await tickets_of(conn, items))


async def find_live(
    conn: AsyncConnection,
    user: str | None,
    *,
    owner: str | None = None,
    due_before: date | None = None,
    limit: int,
) -> FoundActions:
    """Up to `limit` items to be done that `user` may see (None: all), those due first first."""
    wanted = ActionFilter(owner, due_before)
    items: Sequence[ActionItem] = await actions.live(conn, wanted, READ)
    known = await incidents.get_many(conn, sorted({item.incident for item in items}))
    hidden = {
        number
        for number, incident in known.items()
        if incident.private and user is not None and not await can_see(conn, incident, user)
    }
    shown = [item for item in items if item.incident not in hidden]
    total = len(shown)
    if len(items) == READ:
        total = await actions.count_live(conn, wanted if user is None else replace(wanted, private=False))
    return FoundActions(tuple(shown[:limit]), known, total, await tickets_of(conn, shown[:limit]))


async def tickets_of(conn: AsyncConnection, items: Sequence[ActionItem]) -> dict[str, Ticket]:
    """The tickets of these items, by the item's ID."""
    wanted = {(item.incident, item.number): item.id for item in items}
    stored = await tickets.of_incidents(conn, sorted({item.incident for item in items}))
    return {wanted[each.incident, each.item]: each for each in stored if (each.incident, each.item) in wanted}


def _order(item: ActionItem) -> tuple[bool, str, str, int]:
    return (not item.live, str(item.priority), item.due.isoformat() if item.due else "9999", item.number)
