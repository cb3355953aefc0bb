"""Queues a read of each incident channel's history, when events from Slack may have been missed."""

from __future__ import annotations

from bot.domain import routing
from bot.usecases.context import Context
from storage import incidents
from storage.outbox import enqueue

MOST = 1000


async def request_backfill(context: Context) -> None:
    """Queue a read of the history of each channel in which people may still talk."""
    async with context.database.reading() as conn:
        numbers = await incidents.open_or_ended_after(conn, context.clock.now() - routing.STILL_TALKING, limit=MOST)
    notices = [routing.backfill(number) for number in numbers]
    if notices:
        async with context.database.transaction() as conn:
            await enqueue.put(conn, notices)
    context.wakeups.notify()
