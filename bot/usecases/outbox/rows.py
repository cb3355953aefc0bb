"""Looks up the incident to lock before an outbox row, and the deadlines that the row settles."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.deadlines import DeadlineState
from bot.domain.incident import Incident
from storage import deadlines, incidents
from storage.outbox.queue import ClaimedNotice


async def lock_incident(conn: AsyncConnection, row: ClaimedNotice) -> Incident | None:
    """Lock the row's incident, before the row. Every use case locks in this order, so that no two deadlock."""
    return None if row.incident is None else await incidents.lock(conn, row.incident)


async def lock_incidents(conn: AsyncConnection, rows: Sequence[ClaimedNotice]) -> None:
    """Lock the incidents of these rows without reading them, in the order of their numbers, to avoid deadlocks."""
    await incidents.lock_many_without_reading(conn, sorted({row.incident for row in rows if row.incident is not None}))


class ServesDeadlines(Protocol):
    """A notice as it is stored."""

    @property
    def deadline(self) -> str | None:
        """The key of the deadline that it settles."""
        ...

    @property
    def payload(self) -> dict[str, Any]:
        """The payload, which may name more deadlines as `deadlines`."""
        ...


def deadlines_of(row: ServesDeadlines) -> list[str]:
    """The keys of the deadlines that this row settles."""
    return [*([row.deadline] if row.deadline else []), *row.payload.get("deadlines", [])]


async def unsent_deadlines(conn: AsyncConnection, row: ServesDeadlines) -> list[str]:
    """The deadlines that this row settles, without those that another message of the same page has settled."""
    unsent = []
    for dedup_key in deadlines_of(row):
        deadline = await deadlines.get(conn, dedup_key)
        if deadline is None or deadline.state is not DeadlineState.SENT:
            unsent.append(dedup_key)
    return unsent


async def mark_deadlines_failed(conn: AsyncConnection, row: ClaimedNotice, error: str) -> None:
    """Record in the ledger that the row could not be sent, and why."""
    for dedup_key in await unsent_deadlines(conn, row):
        await deadlines.mark_failed(conn, dedup_key, f"could not be sent: {error}")
