"""Builds the notices to trackers such as GitHub: create a ticket, and bring its state there up to date."""

from __future__ import annotations

from bot.domain.routing.notice import Notice, NoticeKind, Priority
from bot.domain.routing.payloads import TicketPayload


def ticket_key(incident: int, item: int) -> str:
    """Dedup key of a ticket's creation."""
    return f"ticket:{incident}:{item}"


def ticket(incident: int, item: int) -> Notice:
    """Create the ticket of an action item, or with `OF_INCIDENT` that of the incident, once."""
    payload = TicketPayload(item).to_json()
    return Notice(ticket_key(incident, item), NoticeKind.TICKET, incident, payload, priority=Priority.SETUP)


def ticket_moved(incident: int, item: int) -> Notice:
    """Bring a ticket's words and state up to date with its item or incident; several such notices collapse into one."""
    return Notice(
        f"ticket_move:{incident}:{item}",
        NoticeKind.TICKET_MOVE,
        incident,
        TicketPayload(item).to_json(),
        depends_on=ticket_key(incident, item),
        priority=Priority.SETUP,
        resend=True,
    )
