"""Queues the failed notices of an incident again."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain import routing
from bot.domain.incident import Change
from bot.usecases.context import Context
from bot.usecases.unit_of_work import locked_incident
from storage.outbox import census, enqueue, queue


async def try_waiting_now(context: Context) -> None:
    """Try every waiting notice now, since the cause of the failures has been fixed."""
    async with context.database.transaction() as conn:
        await queue.wake(conn)
    context.wakeups.notify()


async def retry_failed(context: Context, number: int, delivery: str | None = None) -> int:
    """Queue an incident's failed notices again, and try now what waits for an operator. Returns how many there are."""
    async with locked_incident(context, number, delivery) as work:
        count = await retry_failed_in(work.conn, number)
        await work.commit(Change(work.incident))
        return count


async def retry_failed_in(conn: AsyncConnection, number: int) -> int:
    """Do what `retry_failed` does, in the caller's transaction."""
    count = len(await census.failed_or_blocked(conn, number))
    await enqueue.retry_failed(conn, number)
    await queue.wake(conn, number)
    await enqueue.put(conn, [routing.card_edit(number)])
    return count
