"""Has the messages about deadlines looked for that the database may have sent before it was lost and restored.

A deadline that lapsed between the backup and the restore is handled again, since the backup does not know.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.routing.notice import Notice
from bot.usecases.context import Clock, Context
from storage import key_value


async def restored_at(conn: AsyncConnection, clock: Clock) -> datetime | None:
    """When the database was last restored, by the domain's clock; None if it never was."""
    wall_s = await key_value.RESTORED_AT.get(conn)
    return None if wall_s is None else clock.at(wall_s)


def look_since(context: Context, due_at: datetime) -> datetime | None:
    """The real time since when the messages of a deadline may have been sent; None if they were not sent before."""
    if context.restored_at is None or due_at > context.restored_at:
        return None
    return datetime.fromtimestamp(context.clock.wall(due_at), UTC)


def looked_for(notices: Iterable[Notice], since: datetime | None) -> list[Notice]:
    """The notices, each to be looked for before it is sent, unless `since` is None."""
    return [notice if since is None else replace(notice, look_since=since) for notice in notices]
