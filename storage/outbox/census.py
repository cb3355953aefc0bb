"""Counts the notices in the outbox: how many wait, since when, and how many failed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.routing.send_result import PLANNED_WAITS
from storage.outbox.dependencies import INHERITED
from storage.outbox.queue import BLOCKED
from storage.schema import outbox

# As in the partial indexes, word for word.
_LIVE = sa.text("state IN ('queued', 'unknown', 'leased')")
_UNSENT = sa.text("state NOT IN ('sent', 'dropped')")
_STATES = ("held", "queued", "leased", "unknown", "failed")
_c = outbox.c
_UNPLANNED = sa.or_(_c.error.is_(None), _c.error.not_in(sorted(PLANNED_WAITS)))
_FAILURES = (
    sa.select(_c.dedup_key, _c.kind, _c.payload, _c.error)
    .where(_c.incident == sa.bindparam("number"), _c.state == "failed")
    .order_by(_c.id)
)


_PAGES_BY_HAND = (
    sa.select(_c.dedup_key, _c.state, _c.error)
    .where(
        _c.incident == sa.bindparam("number"),
        _c.kind.in_(["page_direct", "page_elsewhere", "notify"]),
        _c.dedup_key.contains(":hand:"),
    )
    .order_by(_c.id)
)
_MAY_ARRIVE = (
    sa.select(_c.dedup_key)
    .where(
        _c.incident == sa.bindparam("number"),
        _c.kind.in_(["page_direct", "page_elsewhere", "notify"]),
        _c.state.not_in(["failed", "dropped"]),
        _c.dedup_key.startswith(sa.bindparam("base"), autoescape=False),
    )
    .limit(1)
)


@dataclass(frozen=True, slots=True)
class OutboxCensus:
    """The number of notices of one kind in one state."""

    kind: str
    state: str
    rows: int
    oldest_at: datetime | None  # when the oldest of those that do not wait on purpose was enqueued


@dataclass(frozen=True, slots=True)
class FailedNotice:
    """A notice that failed for good, and why."""

    dedup_key: str
    kind: str
    payload: dict[str, Any]
    error: str


_BLOCKED = sa.and_(_c.state.in_(("queued", "unknown")), _c.error.like(f"{BLOCKED}%"))
_NOT_OUT = (
    sa.select(_c.dedup_key, _c.kind, _c.payload, _c.error)
    .where(_c.incident == sa.bindparam("number"), sa.or_(_c.state == "failed", _BLOCKED))
    .order_by(_c.id)
)


async def count_by_state(conn: AsyncConnection) -> dict[str, int]:
    """The number of notices in each state but `sent` and `dropped`."""
    counts = await conn.execute(sa.select(_c.state, sa.func.count()).where(_UNSENT).group_by(_c.state))
    return dict.fromkeys(_STATES, 0) | {row[0]: row[1] for row in counts}


async def count_by_kind(conn: AsyncConnection) -> list[OutboxCensus]:
    """Notices that are still to be sent, by kind and state."""
    oldest = sa.func.min(sa.case((_UNPLANNED, _c.queued_at))).label("oldest_at")
    counts = sa.select(_c.kind, _c.state, sa.func.count().label("rows"), oldest)
    rows = await conn.execute(counts.where(_UNSENT, _c.state != "failed").group_by(_c.kind, _c.state))
    return [OutboxCensus(row.kind, row.state, row.rows, row.oldest_at) for row in rows]


async def oldest_waiting_at(conn: AsyncConnection) -> datetime | None:
    """When the oldest notice that could be sent, and does not wait on purpose, was enqueued; None without one."""
    queued_at: datetime | None = await conn.scalar(sa.select(sa.func.min(_c.queued_at)).where(_LIVE, _UNPLANNED))
    return queued_at


async def page_may_arrive(conn: AsyncConnection, number: int, base: str) -> bool:
    """Whether a call of the page with this prefix of dedup keys was sent or may still be."""
    return await conn.scalar(_MAY_ARRIVE, {"number": number, "base": f"{base}:"}) is not None


async def pages_by_hand(conn: AsyncConnection, number: int) -> list[tuple[str, str, str]]:
    """Each call of an incident's pages by hand, as (dedup key, state, error), oldest first."""
    rows = await conn.execute(_PAGES_BY_HAND, {"number": number})
    return [(row.dedup_key, row.state, row.error or "") for row in rows]


async def failures(conn: AsyncConnection, number: int) -> list[FailedNotice]:
    """An incident's notices that failed for good, oldest first."""
    rows = await conn.execute(_FAILURES, {"number": number})
    return [FailedNotice(row.dedup_key, row.kind, row.payload, row.error or "") for row in rows]


async def failed_or_blocked(conn: AsyncConnection, number: int) -> list[FailedNotice]:
    """`failures`, and the notices that wait for an operator."""
    rows = await conn.execute(_NOT_OUT, {"number": number})
    return [FailedNotice(row.dedup_key, row.kind, row.payload, row.error or "") for row in rows]


async def causes_of_failure(conn: AsyncConnection, number: int) -> list[FailedNotice]:
    """Like `failed_or_blocked`, without the notices that failed because another did: its error says it all."""
    failed = await failed_or_blocked(conn, number)
    return [notice for notice in failed if not notice.error.startswith(INHERITED)] or failed
