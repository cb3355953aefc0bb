"""Stores the tickets in trackers that belong to action items and incidents."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.actions.ticket import NewTicket, Ticket, TicketState, TrackerKind
from storage.engine.dialect import AnyRow, insert
from storage.schema import tickets

_c = tickets.c


async def get(conn: AsyncConnection, incident: int, item: int) -> Ticket | None:
    """The ticket of an action item, or with `OF_INCIDENT` the incident's own; `None` if there is none."""
    row = (await conn.execute(sa.select(tickets).where(_c.incident == incident, _c.item == item))).first()
    return None if row is None else _ticket(row)


async def of_incident(conn: AsyncConnection, incident: int) -> list[Ticket]:
    """All tickets of an incident and its action items."""
    return [_ticket(row) for row in await conn.execute(sa.select(tickets).where(_c.incident == incident))]


async def of_incidents(conn: AsyncConnection, numbers: Sequence[int]) -> list[Ticket]:
    """All tickets of these incidents and their action items."""
    if not numbers:
        return []
    return [_ticket(row) for row in await conn.execute(sa.select(tickets).where(_c.incident.in_(numbers)))]


async def by_external(
    conn: AsyncConnection, tracker: TrackerKind, project: str, names: Sequence[str]
) -> dict[str, Ticket]:
    """The tickets with these numbers or keys of a project of a tracker, as far as they are ours."""
    if not names:
        return {}
    matches = (_c.tracker == tracker.value, _c.place == project, _c.external.in_(names))
    return {row.external: _ticket(row) for row in await conn.execute(sa.select(tickets).where(*matches))}


async def put(conn: AsyncConnection, ticket: Ticket, now: datetime) -> bool:
    """Store a new ticket. False where the item has one already: then nothing changes."""
    row = insert(conn, tickets).values(
        incident=ticket.incident, item=ticket.item, tracker=ticket.tracker.value, place=ticket.project,
        external=ticket.external, url=ticket.url, state=ticket.state.value, created_at=ticket.created_at,
        changed_at=now, sent=_ticket_json(ticket.sent),
    )  # fmt: skip
    return (await conn.execute(row.on_conflict_do_nothing())).rowcount > 0


async def set_state(conn: AsyncConnection, ticket: Ticket, state: TicketState, now: datetime) -> None:
    """Store the present state of a ticket in its tracker."""
    is_ticket = (_c.incident == ticket.incident, _c.item == ticket.item)
    await conn.execute(sa.update(tickets).where(*is_ticket).values(state=state.value, changed_at=now))


async def set_sent(conn: AsyncConnection, ticket: Ticket, sent: NewTicket) -> None:
    """Store the words that we have written into a ticket."""
    is_ticket = (_c.incident == ticket.incident, _c.item == ticket.item)
    await conn.execute(sa.update(tickets).where(*is_ticket).values(sent=_ticket_json(sent)))


async def projects(conn: AsyncConnection, since: datetime) -> list[tuple[TrackerKind, str]]:
    """The projects of open tickets, and of those whose state changed since then."""
    live = sa.or_(_c.state == TicketState.OPEN.value, _c.changed_at >= since)
    query = sa.select(_c.tracker, _c.place).where(live).distinct().order_by(_c.tracker, _c.place)
    return [(TrackerKind(row.tracker), row.place) for row in await conn.execute(query)]


def _ticket(row: AnyRow) -> Ticket:
    return Ticket(
        row.incident, row.item, TrackerKind(row.tracker), row.place, row.external, row.url, TicketState(row.state),
        row.created_at, None if row.sent is None else _ticket_sent(row.sent),
    )  # fmt: skip


def _ticket_json(sent: NewTicket | None) -> dict[str, Any] | None:
    if sent is None:
        return None
    return {"title": sent.title, "body": sent.body, "labels": list(sent.labels), "assignee": sent.assignee}


def _ticket_sent(words: dict[str, Any]) -> NewTicket:
    return NewTicket(words["title"], words["body"], tuple(words["labels"]), words["assignee"], "")
