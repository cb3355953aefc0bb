"""Notices that the tests of the outbox share."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.routing.notice import Notice, NoticeKind, OnDependencyFailure, Priority
from storage.lease import LEASE
from storage.outbox import queue

HOUR = timedelta(hours=1)
CHANNEL = Notice("channel:1", NoticeKind.CHANNEL, 1, {"name": "inc-1"}, priority=Priority.CHANNEL)


def dependent(
    dedup_key: str,
    depends_on: str = "channel:1",
    on_failure: OnDependencyFailure = OnDependencyFailure.FAIL,
    **more: Any,
) -> Notice:
    """A notice that is held for another one."""
    return Notice(dedup_key, NoticeKind.CARD, 1, depends_on=depends_on, on_dependency_failure=on_failure, **more)


async def claim_all(conn: AsyncConnection, lease: timedelta = LEASE) -> dict[str, queue.ClaimedNotice]:
    """Claim every notice that is ready, by its key."""
    return {row.dedup_key: row for row in await queue.claim(conn, 100, lease)}
