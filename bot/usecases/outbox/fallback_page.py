"""Queues a page by the next method when one method fails, or has been failing or waiting for too long."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain import routing
from bot.domain.incident import Change
from bot.domain.paging import calls, people
from bot.domain.routing.notice import Notice, NoticeKind
from bot.domain.routing.payloads import PersonPagePayload
from bot.domain.timeline.entry import BOT, Entry, entry
from bot.usecases.context import Context
from bot.usecases.outbox.rows import lock_incident
from bot.usecases.unit_of_work import UnitOfWork, begin
from storage import ingest
from storage.outbox import enqueue
from storage.outbox.payloads import read_payload
from storage.outbox.queue import ClaimedNotice

PAGES = frozenset({NoticeKind.PAGE_VENDOR, NoticeKind.PAGE_DIRECT})
PATIENCE = timedelta(seconds=15)  # with one method of paging, before the next is used as well
MarkRow = Callable[[AsyncConnection], Awaitable[bool]]


def is_due(context: Context, row: ClaimedNotice, trying: timedelta) -> bool:
    """Whether it is a page that has been failing or waiting for `PATIENCE`; by Slack at once while that is down."""
    if row.kind == NoticeKind.PAGE_DIRECT and context.outage is not None:
        return True
    return row.kind in PAGES and trying >= PATIENCE


async def also_page(context: Context, row: ClaimedNotice, mark: MarkRow, why: str, *, waits: bool) -> None:
    """Queue a page by the next method as well, at most once. The first goes on retrying, or waiting if it `waits`."""
    async with context.database.transaction() as conn:
        incident = await lock_incident(conn, row)
        if not await mark(conn) or incident is None:
            return
        work = await begin(context, conn, incident)
        fallback = await next_page(work, row, waits=waits)
        if fallback is None or not await ingest.claim_delivery(conn, f"impatient:{row.dedup_key}", work.now):
            return
        await commit_failure(work, failure_entry(work, row, why, fallback, waits=waits), fallback)
    context.wakeups.notify()


async def next_page(work: UnitOfWork, row: ClaimedNotice, *, waits: bool = False) -> Notice | None:
    """The same page by the next method; None if there is no such method, or the page is no longer needed."""
    incident = work.incident
    if row.kind not in PAGES or "base" not in row.payload or incident.drill:
        return None
    payload = read_payload(row, PersonPagePayload)
    if calls.not_needed_because(incident, payload.unless):
        return None
    person = people.person_by_address(payload.contact or payload.person, work.policy)
    used = [*payload.used]
    while method := people.next_method(person, payload.by, used, work.context.methods):
        used.append(method)
        call = calls.PageAttempt(person, method)
        if await enqueue.exists(work.conn, routing.page_key(payload.base, call)):
            continue
        fallback = replace(payload, used=tuple(used), instead_of=payload.method, waits=waits)
        return routing.page_to(incident.number, fallback, call)
    return None


async def commit_failure(work: UnitOfWork, record: Entry, fallback: Notice | None, more: Sequence[Notice] = ()) -> None:
    """Commit the entry about a failure together with the fallback page.

    If that page has buttons, they come off with those of the other pages.
    """
    incident, notices = work.incident, [fallback] if fallback else []
    changed = replace(incident, live_pages=(*incident.live_pages, *routing.live_page_keys(notices)))
    await work.commit(Change(changed, (record,)), [*notices, *more])


def failure_entry(
    work: UnitOfWork, row: ClaimedNotice, error: str, fallback: Notice | None, *, waits: bool = False
) -> Entry:
    """The entry that says what failed or waits, and which method is used instead."""
    data = {"step": row.kind, "once": row.dedup_key}
    if fallback is not None:
        label = calls.label(fallback.payload["method"])
        if waits:
            text = f"{error} Meanwhile: {label}."
            return entry(work.now, "delivery_waits", BOT, text, **data, instead=fallback.dedup_key)
        return entry(work.now, "delivery_failed", BOT, f"{error} Instead: {label}.", **data, instead=fallback.dedup_key)
    return entry(work.now, "delivery_failed", BOT, error, **data)


def paged_instead_entry(work: UnitOfWork, row: ClaimedNotice) -> Entry:
    """The entry that says that the fallback page went out, and why."""
    payload = read_payload(row, PersonPagePayload)
    name = people.person_by_address(payload.contact or payload.person, work.policy).name
    label, failed = calls.label(payload.method), calls.label(payload.instead_of or "")
    why = f"{failed} waits its turn" if payload.waits else f"{failed} failed"
    head = f"Rung {payload.rung}" if payload.rung is not None else "Once more"
    text = f"{head}: {name} by {label}, since {why}"
    return entry(work.now, "page", BOT, text, rung=payload.rung, by=[payload.method], dedup_key=row.dedup_key)
