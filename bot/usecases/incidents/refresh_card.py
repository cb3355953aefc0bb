"""Queues an edit of an incident's card, so that it is rendered again."""

from __future__ import annotations

from bot.domain import routing
from bot.usecases.context import Context
from storage.outbox import enqueue


async def refresh_card(context: Context, number: int) -> None:
    """Queue an edit of the card. A card that was deleted is posted again."""
    async with context.database.transaction() as conn:
        await enqueue.put(conn, [routing.card_edit(number)])
    context.wakeups.notify()
