"""Records what happens to tickets in trackers: created by the bot, or closed and reopened there."""

from __future__ import annotations

from bot.domain.actions import item as items
from bot.domain.actions.item import ActionChange, ActionItem
from bot.domain.actions.ticket import OF_INCIDENT, TITLES, NewTicket, Ticket, TicketNews, TicketState, state_of
from bot.domain.incident import Change
from bot.domain.timeline.entry import BOT, entry
from bot.domain.timeline.vendor_names import vendor_name
from bot.usecases.actions.changes import store
from bot.usecases.context import Context
from bot.usecases.unit_of_work import UnitOfWork, locked_incident
from storage import actions, tickets


async def ticket_created(context: Context, ticket: Ticket, dropped: str) -> None:
    """Store a ticket, with an entry on the timeline. `dropped` says what the tracker left out without an error.

    Calling it twice is safe. The channel is told only if something was dropped.
    """
    async with locked_incident(context, ticket.incident) as work:
        if not await tickets.put(work.conn, ticket, work.now):
            return
        subject = f"AI-{ticket.incident}-{ticket.item}" if ticket.item != OF_INCIDENT else work.incident.id
        text = f"{subject} is {ticket.name} in {TITLES[ticket.tracker]}: {ticket.url}"
        if dropped:
            text += f" ({TITLES[ticket.tracker]} dropped {dropped}: the token may not set them)"
        facts = {"event": "ticket", "ticket": ticket.name, "url": ticket.url, **({"told": True} if dropped else {})}
        await work.commit(Change(work.incident, (entry(work.now, "action", BOT, text, **facts),)))


async def ticket_edited(context: Context, ticket: Ticket, sent: NewTicket, dropped: str) -> None:
    """Store the current text of a ticket. The channel is told if the tracker left something out."""
    if not dropped:
        async with context.database.transaction() as conn:
            await tickets.set_sent(conn, ticket, sent)
        return
    async with locked_incident(context, ticket.incident) as work:
        await tickets.set_sent(work.conn, ticket, sent)
        tracker = TITLES[ticket.tracker]
        text = f"{tracker} dropped {dropped} from {ticket.name}: the token may not set them"
        facts = {"event": "ticket", "ticket": ticket.name, "url": ticket.url, "told": True}
        await work.commit(Change(work.incident, (entry(work.now, "action", BOT, text, **facts),)))


async def ticket_moved(context: Context, ticket: Ticket, state: TicketState) -> None:
    """Store the state of a ticket after the bot has changed it."""
    async with context.database.transaction() as conn:
        await tickets.set_state(conn, ticket, state, context.clock.now())


async def take_news(context: Context, news: TicketNews, delivery: str | None = None) -> bool:
    """Apply a change of a ticket in its tracker. False if the ticket is not ours, or nothing is new.

    The echo of the bot's own change is not new, since that state is stored already. Its delivery is still recorded, so
    that it is not accepted later, when the ticket has another state. Raises `DuplicateDelivery`.
    """
    async with context.database.reading() as conn:
        ticket = (await tickets.by_external(conn, news.tracker, news.project, [news.external])).get(news.external)
    if ticket is None or (ticket.state is news.state and delivery is None):
        return False
    async with locked_incident(context, ticket.incident, delivery) as work:
        ticket = await tickets.get(work.conn, ticket.incident, ticket.item)
        if ticket is None or ticket.state is news.state:
            return False
        await tickets.set_state(work.conn, ticket, news.state, work.now)
        item = await actions.get(work.conn, ticket.incident, ticket.item) if ticket.item != OF_INCIDENT else None
        actor = vendor_name(news.who, TITLES[news.tracker]) if news.who else TITLES[news.tracker]
        if item is None or news.state is TicketState.GONE:
            await _note(work, ticket, news.state, actor)
        elif state_of(item) is not news.state:
            await store(work, item, _change(item, ticket, news.state, actor, work), actor)
    return True


def _change(item: ActionItem, ticket: Ticket, state: TicketState, actor: str, work: UnitOfWork) -> ActionChange:
    if state is TicketState.OPEN:
        return items.reopen(item, actor, work.now)
    if state is TicketState.DONE:
        return items.complete(item, actor, work.now)
    return items.defer(item, f"{ticket.name} was closed without being done", actor, work.now)


async def _note(work: UnitOfWork, ticket: Ticket, state: TicketState, actor: str) -> None:
    """Record a change of a ticket that changes no item."""
    sentences = {
        TicketState.OPEN: "was reopened",
        TicketState.DONE: "was closed as done",
        TicketState.NOT_DOING: "was closed without being done",
        TicketState.GONE: "is gone: it was deleted or moved. Its item stays here",
    }[state]
    text = f"Ticket {ticket.name} {sentences}"
    facts = {"event": "ticket", "ticket": ticket.name, "url": ticket.url}
    told_fact = {"told": True} if state is TicketState.GONE else {}
    await work.commit(Change(work.incident, (entry(work.now, "action", actor, text, **facts, **told_fact),)))
