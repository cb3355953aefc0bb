"""Claims deadlines of groups of alerts that have lapsed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.usecases.context import Context
from storage.alerts import deadlines

Claimed = TypeVar("Claimed")


async def claim_due(
    context: Context, claim: Callable[[AsyncConnection, datetime], Awaitable[list[Claimed]]]
) -> list[Claimed]:
    """Run `claim` in its own transaction, which begins only if a deadline has lapsed. Returns the claimed ones."""
    now = context.clock.now()
    async with context.database.reading() as conn:
        upcoming = await deadlines.next_due_at(conn)
    if upcoming is None or upcoming > now:
        return []
    async with context.database.transaction() as conn:
        return await claim(conn, now)
