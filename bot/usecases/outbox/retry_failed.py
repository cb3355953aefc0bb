"""Queues the notices of an incident again that failed for good."""

from __future__ import annotations

from bot.domain import routing
from bot.domain.incident import Change
from bot.usecases.context import Context
from bot.usecases.unit_of_work import locked_incident
from storage.outbox import enqueue


async def retry_failed(context: Context, number: int, delivery: str | None = None) -> int:
    """Queue the failed notices again, because a person pressed the card's button. Returns how many."""
    async with locked_incident(context, number, delivery) as work:
        count = await enqueue.retry_failed(work.conn, number)
        await work.commit(Change(work.incident), [routing.card_edit(number)])
        return count
