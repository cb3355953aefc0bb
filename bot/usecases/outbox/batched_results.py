"""Records many notices as sent or dropped in one transaction."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.routing.notice import SUBSCRIBER_KINDS, NoticeKind
from bot.usecases.communications import receipts
from bot.usecases.context import Context
from bot.usecases.outbox.results import record_dropped, record_sent
from bot.usecases.outbox.rows import deadlines_of, lock_incidents
from storage import deadlines
from storage.engine.group_commit import GroupCommit
from storage.outbox import queue
from storage.outbox.queue import ClaimedNotice

_CONSEQUENTIAL = frozenset(
    {NoticeKind.CHANNEL, NoticeKind.BRIEFING, NoticeKind.CARD, NoticeKind.REVIEW_REMINDER, *receipts.KINDS}
)
RECORDED_TOGETHER = 128  # at most in one transaction, so that other writers wait briefly


class BatchedResults:
    """Records many notices in one transaction, except those with consequences.

    What was sent waits for `gather_s()` seconds for others to be recorded with.
    """

    def __init__(self, context: Context, gather_s: Callable[[], float] = lambda: 0.0) -> None:
        self._context = context
        self._sent = GroupCommit(context.database.transaction, self._mark_sent, RECORDED_TOGETHER, "sent", gather_s)
        self._dropped = GroupCommit(context.database.transaction, self._mark_dropped, RECORDED_TOGETHER, "dropped")

    async def sent(self, row: ClaimedNotice, receipt: dict[str, Any]) -> bool:
        """Record a notice as sent. False, with nothing written, if another process has taken over its lease."""
        if _is_alone(row) or _has_consequences(row) or receipt.get("redirected"):
            return await record_sent(self._context, row, receipt)
        recorded = await self._sent.run((row, receipt))
        self._context.wakeups.outbox.set()
        return recorded

    async def dropped(self, row: ClaimedNotice, reason: str) -> None:
        """Record that a notice was no longer needed; the ledger says why."""
        if _is_alone(row) or deadlines_of(row) or row.was_blocked or row.kind in receipts.KINDS:
            await record_dropped(self._context, row, reason)
            return
        await self._dropped.run((row, reason))
        self._context.wakeups.outbox.set()

    async def close(self) -> None:
        """Commit the waiting results, also those of senders that have stopped."""
        await asyncio.gather(self._sent.close(), self._dropped.close())

    async def _mark_sent(
        self, conn: AsyncConnection, results: Sequence[tuple[ClaimedNotice, dict[str, Any]]]
    ) -> list[bool]:
        await lock_incidents(conn, [row for row, _ in results])
        recorded = await queue.mark_many_sent(conn, results)
        dedup_keys = [
            dedup_key
            for (row, _), is_recorded in zip(results, recorded, strict=True)
            if is_recorded
            for dedup_key in deadlines_of(row)
        ]
        await deadlines.mark_many_sent(conn, dedup_keys, self._context.clock.now())
        return recorded

    async def _mark_dropped(self, conn: AsyncConnection, results: Sequence[tuple[ClaimedNotice, str]]) -> list[bool]:
        await lock_incidents(conn, [row for row, _ in results])
        return await queue.mark_many_dropped(conn, results)


def _is_alone(row: ClaimedNotice) -> bool:
    """Whether it belongs to no incident and its kind rarely comes in large numbers."""
    return row.incident is None and row.kind not in SUBSCRIBER_KINDS


def _has_consequences(row: ClaimedNotice) -> bool:
    """Whether sending it changes the incident, its timeline or other notices."""
    return row.kind in _CONSEQUENTIAL or row.was_blocked or bool(row.payload.get("instead_of"))
