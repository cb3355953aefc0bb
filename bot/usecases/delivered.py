"""What a delivered, failed or dropped notice means for its incident: written in the transaction that marks it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain import routing
from bot.domain.incident import Change, Incident
from bot.domain.timeline import BOT, entry
from bot.usecases.desk import Desk, Work, working_on
from storage import deadlines, incidents, outbox
from storage.outbox import Row


async def sent(desk: Desk, row: Row, receipt: dict[str, Any]) -> bool:
    """Mark it sent. False when the lease was lost to another: then nothing is written here."""
    async with desk.database.transaction() as conn:
        incident = await _locked(conn, row)
        if not await outbox.sent(conn, row, receipt):
            return False
        now = desk.clock.now()
        for once in _deadlines(row):
            await deadlines.delivered(conn, once, now)
        if incident is not None and row.kind == "channel":
            work = Work(desk, conn, incident, await desk.policies.of(conn, incident), now)
            opened = replace(incident, channel_id=receipt["channel"], channel_name=receipt.get("name"))
            await work.commit(Change(opened))
        if incident is not None and row.kind == "card" and row.version > 1:  # put back: the old one had the pin
            await outbox.put(conn, [replace(routing.pin(incident.number), again=True)])
    desk.alarm.outbox.set()
    return True


async def failed(desk: Desk, row: Row, error: str) -> None:
    """For good: it stands on the card and on the timeline in plain words, and in the ledger."""
    async with desk.database.transaction() as conn:
        incident = await _locked(conn, row)
        await outbox.failed(conn, row, error)
        for once in _deadlines(row):
            await deadlines.failed(conn, once, f"could not be sent: {error}")
        if incident is not None and row.kind not in ("card_edit", "backfill"):
            now = desk.clock.now()
            work = Work(desk, conn, incident, await desk.policies.of(conn, incident), now)
            said = entry(now, "delivery_failed", BOT, error, step=row.kind, once=row.once)
            await work.commit(Change(incident, (said,)), [routing.card_edit(incident.number)])
    desk.alarm.outbox.set()


async def dropped(desk: Desk, row: Row, reason: str) -> None:
    """It was not needed any more when its turn came; the ledger says why."""
    async with desk.database.transaction() as conn:
        await _locked(conn, row)
        await outbox.dropped(conn, row, reason)
        for once in _deadlines(row):
            await deadlines.skipped_late(conn, once, reason)
    desk.alarm.outbox.set()


async def retry_failed(desk: Desk, number: int, delivery: str | None = None) -> int:
    """The button on the card: queue again what failed for good."""
    async with working_on(desk, number, delivery) as work:
        count = await outbox.retry_failed(work.conn, number)
        await work.commit(Change(work.incident), [routing.card_edit(number)])
        return count


async def refresh_card(desk: Desk, number: int) -> None:
    """Have the card rendered anew; one that was deleted is posted again."""
    async with desk.database.transaction() as conn:
        await outbox.put(conn, [routing.card_edit(number)])
    desk.alarm.ring()


async def _locked(conn: AsyncConnection, row: Row) -> Incident | None:
    """The incident first, then the outbox row: the order of every use case, so that no two wait for each other."""
    return None if row.incident is None else await incidents.lock(conn, row.incident)


def _deadlines(row: Row) -> list[str]:
    return [*([row.deadline] if row.deadline else []), *row.payload.get("deadlines", [])]
