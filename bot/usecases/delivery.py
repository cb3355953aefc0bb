"""What a delivered, failed or dropped notice means for its incident: written in the transaction that marks it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain import routing
from bot.domain.deadlines import DeadlineState
from bot.domain.incident import Change, Incident
from bot.domain.paging import calls
from bot.domain.routing.notice import Notice, NoticeKind
from bot.domain.timeline.entry import BOT, Entry, entry
from bot.usecases.context import Context
from bot.usecases.unit_of_work import UnitOfWork, begin, locked_incident
from storage import deadlines, incidents, ingest
from storage.engine.group_commit import GroupCommit
from storage.outbox import enqueue, queue
from storage.outbox.queue import ClaimedNotice

PAGES = frozenset({NoticeKind.PAGE_VENDOR, NoticeKind.PAGE_DIRECT})
MARKED_TOGETHER = 32  # others who want to write wait for no more than that
PATIENCE = timedelta(seconds=15)  # for one method, before the next is used beside it
Mark = Callable[[AsyncConnection], Awaitable[bool]]


class Marks:
    """What was sent or dropped, and of which nothing follows but that: many are marked in one transaction."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._sent = GroupCommit(context.database.transaction, self._mark_sent, MARKED_TOGETHER, "sent")
        self._dropped = GroupCommit(context.database.transaction, self._mark_dropped, MARKED_TOGETHER, "dropped")

    async def sent(self, row: ClaimedNotice, receipt: dict[str, Any]) -> bool:
        """Mark it sent. False when the lease was lost to another: then nothing is written here."""
        if row.incident is None or _moves_on(row):
            return await sent(self._context, row, receipt)
        ours = await self._sent.run((row, receipt))
        self._context.wakeups.outbox.set()
        return ours

    async def dropped(self, row: ClaimedNotice, reason: str) -> None:
        """It was not needed any more when its turn came; the ledger says why."""
        if row.incident is None or _deadlines(row):
            await dropped(self._context, row, reason)
            return
        await self._dropped.run((row, reason))
        self._context.wakeups.outbox.set()

    async def close(self) -> None:
        """Commit what is waiting still: it was sent, whoever waited for its mark may be gone."""
        await asyncio.gather(self._sent.close(), self._dropped.close())

    async def _mark_sent(
        self, conn: AsyncConnection, done: Sequence[tuple[ClaimedNotice, dict[str, Any]]]
    ) -> list[bool]:
        await _held_all(conn, [row for row, _ in done])
        ours = await queue.mark_many_sent(conn, done)
        served = [dedup_key for (row, _), mine in zip(done, ours, strict=True) if mine for dedup_key in _deadlines(row)]
        await deadlines.mark_many_sent(conn, served, self._context.clock.now())
        return ours

    async def _mark_dropped(self, conn: AsyncConnection, gone: Sequence[tuple[ClaimedNotice, str]]) -> list[bool]:
        await _held_all(conn, [row for row, _ in gone])
        return await queue.mark_many_dropped(conn, gone)


async def sent(context: Context, row: ClaimedNotice, receipt: dict[str, Any]) -> bool:
    """Mark it sent. False when the lease was lost to another: then nothing is written here."""

    async def mark(conn: AsyncConnection) -> bool:
        incident = await _locked(conn, row)
        if not await queue.mark_sent(conn, row, receipt):
            return False
        now = context.clock.now()
        for dedup_key in _deadlines(row):
            await deadlines.mark_sent(conn, dedup_key, now)
        if incident is not None and row.kind == NoticeKind.CHANNEL:
            work = await begin(context, conn, incident)
            opened = replace(incident, channel_id=receipt["channel"], channel_name=receipt.get("name"))
            await work.commit(Change(opened))
        elif incident is not None and row.payload.get("instead_of"):
            work = await begin(context, conn, incident)
            await work.commit(Change(incident, (_paged_instead(work, row),)))
        if incident is not None and row.kind == NoticeKind.BRIEFING:
            work = await begin(context, conn, incident)
            said = entry(now, "sent", BOT, f"Executive briefing to {row.payload['called']}", to=row.payload["person"])
            await work.commit(Change(incident, (said,)))
        if incident is not None and row.kind == NoticeKind.CARD and row.version > 1:  # posted again: pin the new one
            await enqueue.put(conn, [replace(routing.pin(incident.number), resend=True)])
        return True

    ours = await context.database.batched(mark)
    context.wakeups.outbox.set()
    return ours


async def failed(context: Context, row: ClaimedNotice, error: str) -> None:
    """For good: it stands on the card and on the timeline in plain words, and in the ledger."""
    async with context.database.transaction() as conn:
        incident = await _locked(conn, row)
        if await queue.mark_failed(conn, row, error) is None:  # whoever has it now says what comes of it
            return
        if incident is None:
            await _failed_in_ledger(conn, row, error)
            return
        work = await begin(context, conn, incident)
        stand_in = await _stand_in(work, row)
        if stand_in is None:
            await _failed_in_ledger(conn, row, error)
        if row.kind not in (NoticeKind.CARD_EDIT, NoticeKind.BACKFILL):
            said = _failure(work, row, error, stand_in)
            await _commit(work, said, stand_in, [routing.card_edit(incident.number)])
    context.wakeups.outbox.set()


async def put_off(
    context: Context, row: ClaimedNotice, after: timedelta, error: str, *, uncertain: bool, trying: timedelta
) -> None:
    """It is tried again later. A page that has been failing for `PATIENCE` goes by the next method as well, once."""

    async def mark(conn: AsyncConnection) -> bool:
        return await queue.retry_later(conn, row, after, error, uncertain=uncertain)

    if row.kind in PAGES and trying >= PATIENCE:
        await _by_the_next_as_well(context, row, mark, f"{error} It is tried again.", waits=False)
        return
    async with context.database.transaction() as conn:
        await mark(conn)
    context.wakeups.notify()


async def put_back(context: Context, row: ClaimedNotice, after: timedelta, why: str, *, trying: timedelta) -> None:
    """It is not its turn yet; nothing was tried. A page does not wait for `PATIENCE` on one method alone."""

    async def mark(conn: AsyncConnection) -> bool:
        return await queue.requeue(conn, row, after, why)

    if row.kind in PAGES and trying >= PATIENCE:
        words = (
            f"{calls.label(row.payload.get('method', 'slack'))} lets only so many through; this page waits its turn."
        )
        await _by_the_next_as_well(context, row, mark, words, waits=True)
        return
    await context.database.batched(mark)


async def _by_the_next_as_well(context: Context, row: ClaimedNotice, mark: Mark, why: str, *, waits: bool) -> None:
    """Once: it has failed for long, or `waits` for its turn, and goes on doing so."""
    async with context.database.transaction() as conn:
        incident = await _locked(conn, row)
        if not await mark(conn) or incident is None:
            return
        work = await begin(context, conn, incident)
        stand_in = await _stand_in(work, row, waits=waits)
        if stand_in is None or not await ingest.claim_delivery(conn, f"impatient:{row.dedup_key}", work.now):
            return
        await _commit(work, _failure(work, row, why, stand_in, waits=waits), stand_in)
    context.wakeups.notify()


async def dropped(context: Context, row: ClaimedNotice, reason: str) -> None:
    """It was not needed any more when its turn came; the ledger says why."""

    async def mark(conn: AsyncConnection) -> None:
        await _held_all(conn, [row])
        if not await queue.mark_dropped(conn, row, reason):
            return
        for dedup_key in await _not_sent(conn, row):
            await deadlines.mark_skipped(conn, dedup_key, reason)

    await context.database.batched(mark)
    context.wakeups.outbox.set()


async def retry_failed(context: Context, number: int, delivery: str | None = None) -> int:
    """The button on the card: queue again what failed for good."""
    async with locked_incident(context, number, delivery) as work:
        count = await enqueue.retry_failed(work.conn, number)
        await work.commit(Change(work.incident), [routing.card_edit(number)])
        return count


async def refresh_card(context: Context, number: int) -> None:
    """Have the card rendered anew; one that was deleted is posted again."""
    async with context.database.transaction() as conn:
        await enqueue.put(conn, [routing.card_edit(number)])
    context.wakeups.notify()


async def _locked(conn: AsyncConnection, row: ClaimedNotice) -> Incident | None:
    """The incident first, then the outbox row: the order of every use case, so that no two wait for each other."""
    return None if row.incident is None else await incidents.lock(conn, row.incident)


async def _held_all(conn: AsyncConnection, rows: Sequence[ClaimedNotice]) -> None:
    """The same order, where the incidents are not read; by their numbers, so that nobody waits for ever."""
    await incidents.lock_many_without_reading(conn, sorted({row.incident for row in rows if row.incident is not None}))


def _moves_on(row: ClaimedNotice) -> bool:
    """Whether the incident changes, or is told more, once this is sent."""
    return row.kind in (NoticeKind.CHANNEL, NoticeKind.BRIEFING, NoticeKind.CARD) or bool(row.payload.get("instead_of"))


async def _stand_in(work: UnitOfWork, row: ClaimedNotice, *, waits: bool = False) -> Notice | None:
    """The page by the next method for whom this one did not reach, or not yet; None where there is none, or no need
    any more.
    """
    payload, incident = row.payload, work.incident
    if row.kind not in PAGES or "base" not in payload or incident.drill:
        return None
    if calls.not_needed_because(incident, payload["unless"]):
        return None
    person = calls.person_in_payload(payload, work.policy)
    used = [*payload["used"]]
    while method := calls.next_method(person, payload["by"], used, work.context.methods):
        used.append(method)
        call = calls.PageAttempt(person, method)
        if await enqueue.exists(work.conn, routing.page_name(payload["base"], call)):
            continue
        about = {key: value for key, value in payload.items() if key != "action"}
        instead = {"used": used, "instead_of": payload["method"], "waits": waits}
        return routing.page_to(incident.number, {**about, **instead}, call)
    return None


def _failure(
    work: UnitOfWork, row: ClaimedNotice, error: str, stand_in: Notice | None, *, waits: bool = False
) -> Entry:
    data = {"step": row.kind, "once": row.dedup_key}
    if stand_in is not None:
        way = calls.label(stand_in.payload["method"])
        if waits:
            text = f"{error} Meanwhile: {way}."
            return entry(work.now, "delivery_waits", BOT, text, **data, instead=stand_in.dedup_key)
        return entry(work.now, "delivery_failed", BOT, f"{error} Instead: {way}.", **data, instead=stand_in.dedup_key)
    return entry(work.now, "delivery_failed", BOT, error, **data)


async def _commit(work: UnitOfWork, said: Entry, stand_in: Notice | None, more: Sequence[Notice] = ()) -> None:
    """With the stand-in on its way; one in Slack has buttons, which are settled with the others."""
    incident, notices = work.incident, [stand_in] if stand_in else []
    changed = replace(incident, live_pages=(*incident.live_pages, *routing.asking_pages(notices)))
    await work.commit(Change(changed, (said,)), [*notices, *more])


def _paged_instead(work: UnitOfWork, row: ClaimedNotice) -> Entry:
    name = calls.person_in_payload(row.payload, work.policy).name
    way, failed = calls.label(row.payload["method"]), calls.label(row.payload["instead_of"])
    why = f"{failed} waits its turn" if row.payload.get("waits") else f"{failed} failed"
    text = f"Rung {row.payload['rung']}: {name} by {way}, since {why}"
    return entry(
        work.now, "page", BOT, text, rung=row.payload["rung"], by=[row.payload["method"]], dedup_key=row.dedup_key
    )


async def _failed_in_ledger(conn: AsyncConnection, row: ClaimedNotice, error: str) -> None:
    for dedup_key in await _not_sent(conn, row):
        await deadlines.mark_failed(conn, dedup_key, f"could not be sent: {error}")


async def _not_sent(conn: AsyncConnection, row: ClaimedNotice) -> list[str]:
    """The rows of the ledger it serves, without those that another message of the same page has served."""
    found = []
    for dedup_key in _deadlines(row):
        standing = await deadlines.get(conn, dedup_key)
        if standing is None or standing.state is not DeadlineState.SENT:
            found.append(dedup_key)
    return found


def _deadlines(row: ClaimedNotice) -> list[str]:
    return [*([row.deadline] if row.deadline else []), *row.payload.get("deadlines", [])]
