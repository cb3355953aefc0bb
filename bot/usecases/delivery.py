"""Record what became of a notice, with what it means for its incident, in one transaction."""

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
from bot.domain.routing.payloads import BriefingPayload, PersonPagePayload
from bot.domain.timeline.entry import BOT, Entry, entry
from bot.usecases.context import Context
from bot.usecases.unit_of_work import UnitOfWork, begin, locked_incident
from storage import deadlines, incidents, ingest
from storage.engine.group_commit import GroupCommit
from storage.outbox import enqueue, queue
from storage.outbox.payloads import read_payload
from storage.outbox.queue import ClaimedNotice

PAGES = frozenset({NoticeKind.PAGE_VENDOR, NoticeKind.PAGE_DIRECT})
RECORDED_TOGETHER = 32  # at most in one transaction, so that other writers wait briefly
PATIENCE = timedelta(seconds=15)  # with one method of paging, before the next is used as well
MarkRow = Callable[[AsyncConnection], Awaitable[bool]]


class DeliveryRecorder:
    """Records notices as sent or dropped, many in one transaction where nothing else follows from them."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._sent = GroupCommit(context.database.transaction, self._mark_sent, RECORDED_TOGETHER, "sent")
        self._dropped = GroupCommit(context.database.transaction, self._mark_dropped, RECORDED_TOGETHER, "dropped")

    async def sent(self, row: ClaimedNotice, receipt: dict[str, Any]) -> bool:
        """Record it as sent. False, and nothing is written, where the lease was lost to another process."""
        if row.incident is None or _has_consequences(row):
            return await sent(self._context, row, receipt)
        recorded = await self._sent.run((row, receipt))
        self._context.wakeups.outbox.set()
        return recorded

    async def dropped(self, row: ClaimedNotice, reason: str) -> None:
        """Record that it was not needed any more; the ledger says why."""
        if row.incident is None or _deadlines(row):
            await dropped(self._context, row, reason)
            return
        await self._dropped.run((row, reason))
        self._context.wakeups.outbox.set()

    async def close(self) -> None:
        """Commit what is still waiting to be recorded: it was sent, even if its sender has stopped."""
        await asyncio.gather(self._sent.close(), self._dropped.close())

    async def _mark_sent(
        self, conn: AsyncConnection, done: Sequence[tuple[ClaimedNotice, dict[str, Any]]]
    ) -> list[bool]:
        await _lock_incidents(conn, [row for row, _ in done])
        ours = await queue.mark_many_sent(conn, done)
        served = [dedup_key for (row, _), mine in zip(done, ours, strict=True) if mine for dedup_key in _deadlines(row)]
        await deadlines.mark_many_sent(conn, served, self._context.clock.now())
        return ours

    async def _mark_dropped(self, conn: AsyncConnection, gone: Sequence[tuple[ClaimedNotice, str]]) -> list[bool]:
        await _lock_incidents(conn, [row for row, _ in gone])
        return await queue.mark_many_dropped(conn, gone)


async def sent(context: Context, row: ClaimedNotice, receipt: dict[str, Any]) -> bool:
    """Record it as sent. False, and nothing is written, where the lease was lost to another process."""

    async def mark(conn: AsyncConnection) -> bool:
        incident = await _lock_incident(conn, row)
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
            payload = read_payload(row, BriefingPayload)
            sent_entry = entry(now, "sent", BOT, f"Executive briefing to {payload.called}", to=payload.person)
            await work.commit(Change(incident, (sent_entry,)))
        if incident is not None and row.kind == NoticeKind.CARD and row.version > 1:  # posted again: pin the new one
            await enqueue.put(conn, [replace(routing.pin(incident.number), resend=True)])
        return True

    ours = await context.database.batched(mark)
    context.wakeups.outbox.set()
    return ours


async def failed(context: Context, row: ClaimedNotice, error: str) -> None:
    """Record that it failed for good: on the card, on the timeline and in the ledger."""
    async with context.database.transaction() as conn:
        incident = await _lock_incident(conn, row)
        if await queue.mark_failed(conn, row, error) is None:  # another process has claimed it since
            return
        if incident is None:
            await _failed_in_ledger(conn, row, error)
            return
        work = await begin(context, conn, incident)
        fallback = await _fallback_page(work, row)
        if fallback is None:
            await _failed_in_ledger(conn, row, error)
        if row.kind not in (NoticeKind.CARD_EDIT, NoticeKind.BACKFILL):
            record = _failure(work, row, error, fallback)
            await _commit(work, record, fallback, [routing.card_edit(incident.number)])
    context.wakeups.outbox.set()


async def retry_later(
    context: Context, row: ClaimedNotice, after: timedelta, error: str, *, uncertain: bool, trying: timedelta
) -> None:
    """Try it again later. A page that has been failing for `PATIENCE` goes out by the next method as well, once."""

    async def mark(conn: AsyncConnection) -> bool:
        return await queue.retry_later(conn, row, after, error, uncertain=uncertain)

    if row.kind in PAGES and trying >= PATIENCE:
        await _also_try_next_method(context, row, mark, f"{error} It is tried again.", waits=False)
        return
    async with context.database.transaction() as conn:
        await mark(conn)
    context.wakeups.notify()


async def requeue(context: Context, row: ClaimedNotice, after: timedelta, why: str, *, trying: timedelta) -> None:
    """Wait for the rate limit; nothing was tried. A page that has waited for `PATIENCE` also tries the next method."""

    async def mark(conn: AsyncConnection) -> bool:
        return await queue.requeue(conn, row, after, why)

    if row.kind in PAGES and trying >= PATIENCE:
        words = (
            f"{calls.label(row.payload.get('method', 'slack'))} limits how many pages it takes; this one is waiting."
        )
        await _also_try_next_method(context, row, mark, words, waits=True)
        return
    await context.database.batched(mark)


async def _also_try_next_method(context: Context, row: ClaimedNotice, mark: MarkRow, why: str, *, waits: bool) -> None:
    """Page by the next method as well, at most once; the original keeps retrying, or waiting where it `waits`."""
    async with context.database.transaction() as conn:
        incident = await _lock_incident(conn, row)
        if not await mark(conn) or incident is None:
            return
        work = await begin(context, conn, incident)
        fallback = await _fallback_page(work, row, waits=waits)
        if fallback is None or not await ingest.claim_delivery(conn, f"impatient:{row.dedup_key}", work.now):
            return
        await _commit(work, _failure(work, row, why, fallback, waits=waits), fallback)
    context.wakeups.notify()


async def dropped(context: Context, row: ClaimedNotice, reason: str) -> None:
    """Record that it was not needed any more when it was to be sent; the ledger says why."""

    async def mark(conn: AsyncConnection) -> None:
        await _lock_incidents(conn, [row])
        if not await queue.mark_dropped(conn, row, reason):
            return
        for dedup_key in await _unsent_deadlines(conn, row):
            await deadlines.mark_skipped(conn, dedup_key, reason)

    await context.database.batched(mark)
    context.wakeups.outbox.set()


async def retry_failed(context: Context, number: int, delivery: str | None = None) -> int:
    """Queue again what failed for good: a button on the card. Returns how many."""
    async with locked_incident(context, number, delivery) as work:
        count = await enqueue.retry_failed(work.conn, number)
        await work.commit(Change(work.incident), [routing.card_edit(number)])
        return count


async def refresh_card(context: Context, number: int) -> None:
    """Render the card again; one that was deleted is posted again."""
    async with context.database.transaction() as conn:
        await enqueue.put(conn, [routing.card_edit(number)])
    context.wakeups.notify()


async def _lock_incident(conn: AsyncConnection, row: ClaimedNotice) -> Incident | None:
    """Lock the incident before the outbox row, in the order of every use case, so that no two deadlock."""
    return None if row.incident is None else await incidents.lock(conn, row.incident)


async def _lock_incidents(conn: AsyncConnection, rows: Sequence[ClaimedNotice]) -> None:
    """Lock the incidents of these rows without reading them, by their numbers, so that no two processes deadlock."""
    await incidents.lock_many_without_reading(conn, sorted({row.incident for row in rows if row.incident is not None}))


def _has_consequences(row: ClaimedNotice) -> bool:
    """Whether sending it changes the incident, its timeline or other notices."""
    return row.kind in (NoticeKind.CHANNEL, NoticeKind.BRIEFING, NoticeKind.CARD) or bool(row.payload.get("instead_of"))


async def _fallback_page(work: UnitOfWork, row: ClaimedNotice, *, waits: bool = False) -> Notice | None:
    """The same page by the next method; None where there is no such method, or no need to page any more."""
    incident = work.incident
    if row.kind not in PAGES or "base" not in row.payload or incident.drill:
        return None
    payload = read_payload(row, PersonPagePayload)
    if calls.not_needed_because(incident, payload.unless):
        return None
    person = calls.person_by_address(payload.contact or payload.person, work.policy)
    used = [*payload.used]
    while method := calls.next_method(person, payload.by, used, work.context.methods):
        used.append(method)
        call = calls.PageAttempt(person, method)
        if await enqueue.exists(work.conn, routing.page_key(payload.base, call)):
            continue
        fallback = replace(payload, used=tuple(used), instead_of=payload.method, waits=waits)
        return routing.page_to(incident.number, fallback, call)
    return None


def _failure(
    work: UnitOfWork, row: ClaimedNotice, error: str, fallback: Notice | None, *, waits: bool = False
) -> Entry:
    data = {"step": row.kind, "once": row.dedup_key}
    if fallback is not None:
        way = calls.label(fallback.payload["method"])
        if waits:
            text = f"{error} Meanwhile: {way}."
            return entry(work.now, "delivery_waits", BOT, text, **data, instead=fallback.dedup_key)
        return entry(work.now, "delivery_failed", BOT, f"{error} Instead: {way}.", **data, instead=fallback.dedup_key)
    return entry(work.now, "delivery_failed", BOT, error, **data)


async def _commit(work: UnitOfWork, record: Entry, fallback: Notice | None, more: Sequence[Notice] = ()) -> None:
    """The fallback page is queued with it; if it has buttons, they are settled with those of the other pages."""
    incident, notices = work.incident, [fallback] if fallback else []
    changed = replace(incident, live_pages=(*incident.live_pages, *routing.live_page_keys(notices)))
    await work.commit(Change(changed, (record,)), [*notices, *more])


def _paged_instead(work: UnitOfWork, row: ClaimedNotice) -> Entry:
    payload = read_payload(row, PersonPagePayload)
    name = calls.person_by_address(payload.contact or payload.person, work.policy).name
    way, failed = calls.label(payload.method), calls.label(payload.instead_of or "")
    why = f"{failed} waits its turn" if payload.waits else f"{failed} failed"
    text = f"Rung {payload.rung}: {name} by {way}, since {why}"
    return entry(work.now, "page", BOT, text, rung=payload.rung, by=[payload.method], dedup_key=row.dedup_key)


async def _failed_in_ledger(conn: AsyncConnection, row: ClaimedNotice, error: str) -> None:
    for dedup_key in await _unsent_deadlines(conn, row):
        await deadlines.mark_failed(conn, dedup_key, f"could not be sent: {error}")


async def _unsent_deadlines(conn: AsyncConnection, row: ClaimedNotice) -> list[str]:
    """The deadlines it serves, without those that another message of the same page has served."""
    unsent = []
    for dedup_key in _deadlines(row):
        deadline = await deadlines.get(conn, dedup_key)
        if deadline is None or deadline.state is not DeadlineState.SENT:
            unsent.append(dedup_key)
    return unsent


def _deadlines(row: ClaimedNotice) -> list[str]:
    return [*([row.deadline] if row.deadline else []), *row.payload.get("deadlines", [])]
