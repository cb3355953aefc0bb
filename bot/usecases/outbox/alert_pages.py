"""Pages a person about alerts by the next method when one fails, or keeps failing for `PATIENCE`."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain import routing
from bot.domain.alerts import escalation
from bot.domain.alerts.group import AlertGroup
from bot.domain.paging import calls, people
from bot.domain.routing.notice import Notice, NoticeKind
from bot.domain.routing.payloads import AlertPagePayload
from bot.usecases.context import Context
from bot.usecases.effects.on_call import current_directory
from bot.usecases.outbox.fallback_page import PATIENCE, MarkRow
from storage import ingest
from storage.alerts import groups
from storage.outbox import enqueue, queue
from storage.outbox.payloads import read_payload
from storage.outbox.queue import ClaimedNotice

KINDS = frozenset({NoticeKind.ALERT_PAGE, NoticeKind.ALERT_PAGE_VENDOR})


def is_due(row: ClaimedNotice, trying: timedelta) -> bool:
    """Whether it is a page about alerts that has been failing or waiting for `PATIENCE`."""
    return row.kind in KINDS and trying >= PATIENCE


async def record_failure(context: Context, row: ClaimedNotice, error: str) -> None:
    """Record that a page failed for good, and page by the next method."""

    async def mark(conn: AsyncConnection) -> bool:
        return await queue.mark_failed(conn, row, error) is not None

    await _page_next(context, row, mark, error)


async def also_page(context: Context, row: ClaimedNotice, mark: MarkRow, error: str) -> None:
    """Page by the next method as well, at most once, while the first one keeps retrying."""

    async def mark_once(conn: AsyncConnection) -> bool:
        return await mark(conn) and await ingest.claim_delivery(conn, f"impatient:{row.dedup_key}", context.clock.now())

    await _page_next(context, row, mark_once, error)


async def _page_next(context: Context, row: ClaimedNotice, mark: MarkRow, error: str) -> None:
    payload = read_payload(row, AlertPagePayload)
    async with context.database.transaction() as conn:
        await groups.lock_all(conn)
        group = await groups.get(conn, payload.group)
        if not await mark(conn) or group is None or payload.action != "trigger":
            return
        fallback = None if escalation.why_nobody(group) else await _next_page(context, conn, group, payload)
        reason = f"{error} Instead: {calls.label(fallback.payload['method'])}." if fallback else error
        group = group.with_step(context.clock.now(), "page", reason)
        if fallback is not None:
            group = replace(group, live_pages=(*group.live_pages, routing.live_page(fallback)))
            await enqueue.put(conn, [fallback])
        await groups.save_many(conn, [group])
        await enqueue.put(conn, [routing.alert_card_edit(group.number)])
    context.wakeups.notify()


async def _next_page(
    context: Context, conn: AsyncConnection, group: AlertGroup, payload: AlertPagePayload
) -> Notice | None:
    """The same page by the next method; None if there is none."""
    if not payload.person:
        return None
    policy = (await current_directory(conn, context.policy)).with_users(context.policy)
    person = people.person_by_address(payload.contact or payload.person, policy)
    used = [*payload.used]
    while method := people.next_method(person, payload.by, used, context.methods):
        used.append(method)
        notice = routing.alert_page_to(replace(payload, used=tuple(used)), calls.PageAttempt(person, method))
        if not await enqueue.exists(conn, notice.dedup_key):
            return notice
    return None
