"""Records how sending a notice (a queued message to Slack or a page) ended, in one transaction.

Some results change the incident too: once its channel exists, the incident keeps the channel's ID."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain import routing
from bot.domain.communications import tell
from bot.domain.incident import Change, Incident
from bot.domain.paging import calls
from bot.domain.routing.notice import NoticeKind
from bot.domain.routing.payloads import BriefingPayload
from bot.domain.timeline.entry import BOT, entry
from bot.usecases.communications import receipts
from bot.usecases.context import Context
from bot.usecases.incidents.channel import bring_to_channel, channel_opened, page_refreshes, refused_change
from bot.usecases.outbox import alert_pages, corrections, fallback_page, unreached_page
from bot.usecases.outbox.rows import (
    deadlines_of,
    lock_incident,
    lock_incidents,
    mark_deadlines_failed,
    unsent_deadlines,
)
from bot.usecases.reviews import reminders
from bot.usecases.unit_of_work import begin
from storage import deadlines
from storage.outbox import enqueue, queue
from storage.outbox.payloads import read_payload
from storage.outbox.queue import ClaimedNotice


async def record_sent(context: Context, row: ClaimedNotice, receipt: dict[str, Any]) -> bool:
    """Record the notice as sent. False, with nothing written, if another process has taken over its lease."""

    async def mark(conn: AsyncConnection) -> bool:
        incident = await lock_incident(conn, row)
        if not await queue.mark_sent(conn, row, receipt):
            return False
        now = context.clock.now()
        for dedup_key in deadlines_of(row):
            await deadlines.mark_sent(conn, dedup_key, now)
        if incident is not None and row.kind == NoticeKind.CHANNEL:
            work = await begin(context, conn, incident)
            await channel_opened(work, receipt["channel"], receipt.get("name"))
        elif incident is not None and row.payload.get("instead_of"):
            work = await begin(context, conn, incident)
            await work.commit(Change(incident, (fallback_page.paged_instead_entry(work, row),)))
        if incident is not None and row.kind == NoticeKind.BRIEFING:
            work = await begin(context, conn, incident)
            payload = read_payload(row, BriefingPayload)
            sent_entry = entry(now, "sent", BOT, f"Executive briefing to {payload.called}", to=payload.person)
            briefed = {row.dedup_key: payload.person}
            if incident.open:
                briefed_incident = replace(
                    incident,
                    live_briefings={**incident.live_briefings, **briefed},
                    told=tell.with_briefings(incident, work.policy, now),
                )
                await work.commit(Change(briefed_incident, (sent_entry,)))
            else:  # it ended while the briefing was on its way
                await work.commit(Change(incident, (sent_entry,)), routing.briefings_over(incident, briefed))
        if incident is not None:
            await _follow_up(context, conn, incident, row, receipt)
        await _unblock(conn, row)
        return True

    was_recorded = await context.database.batched(mark)
    context.wakeups.outbox.set()
    return was_recorded


async def _follow_up(
    context: Context, conn: AsyncConnection, incident: Incident, row: ClaimedNotice, receipt: dict[str, Any]
) -> None:
    """Handle the consequences of a sent notice, apart from the incident's own state."""
    if row.kind in receipts.KINDS:
        await receipts.record_settled(await begin(context, conn, incident), row)
    if row.kind == NoticeKind.REVIEW_REMINDER:
        await enqueue.put(conn, await reminders.edits_after_posting(conn, incident))
    if row.kind == NoticeKind.CARD and row.version > 1:  # posted again: pin the new one
        await enqueue.put(conn, [replace(routing.pin(incident.number), resend=True)])
    if receipt.get("redirected") and _can_be_used(incident):  # since a moment ago
        await bring_to_channel(await begin(context, conn, incident))


async def _edit_card(conn: AsyncConnection, row: ClaimedNotice) -> None:
    """Let the card say which notices wait for an operator now."""
    if row.incident is not None and row.kind != NoticeKind.CARD_EDIT:
        await enqueue.put(conn, [routing.card_edit(row.incident)])


async def _unblock(conn: AsyncConnection, row: ClaimedNotice) -> None:
    """Let the card no longer say that the notice waits for an operator, if it does."""
    if row.was_blocked:
        await _edit_card(conn, row)


async def record_failure(context: Context, row: ClaimedNotice, error: str) -> None:
    """Record that the notice failed for good: on the card, on the timeline and in the ledger."""
    if row.kind in alert_pages.KINDS:
        await alert_pages.record_failure(context, row, error)
        return
    async with context.database.transaction() as conn:
        incident = await lock_incident(conn, row)
        if await queue.mark_failed(conn, row, error) is None:  # another process has claimed it since
            return
        if incident is None:
            await mark_deadlines_failed(conn, row, error)
            return
        work = await begin(context, conn, incident)
        fallback = await fallback_page.next_page(work, row)
        nobody = fallback is None and not await unreached_page.may_arrive(conn, row)
        if row.kind == NoticeKind.CHANNEL:
            await work.commit(refused_change(work), await page_refreshes(work))
        if row.kind not in (NoticeKind.CARD_EDIT, NoticeKind.BACKFILL):
            record = fallback_page.failure_entry(work, row, error, fallback)
            more = [routing.card_edit(incident.number), *await corrections.of_failure(work, row, error)]
            await fallback_page.commit_failure(work, record, fallback, more)
        if row.kind in receipts.KINDS:
            await receipts.record_settled(work, row)
        if nobody and not await unreached_page.page_others(work, row, error):
            await mark_deadlines_failed(conn, row, error)
    context.wakeups.notify()


async def hold(context: Context, row: ClaimedNotice, until: str, why: str) -> None:
    """Hold the notice until the event that `until` names."""

    async def mark(conn: AsyncConnection) -> bool:
        incident = await lock_incident(conn, row)
        if incident is not None and _can_be_used(incident):  # since a moment ago
            return await queue.requeue(conn, row, timedelta(0), why)
        return await queue.hold(conn, row, until, why)

    await context.database.batched(mark)
    context.wakeups.outbox.set()


def _can_be_used(incident: Incident) -> bool:
    return incident.channel_id is not None and incident.channel_lost is None


async def record_dropped(context: Context, row: ClaimedNotice, reason: str) -> None:
    """Record that the notice was no longer needed; the ledger says why."""

    async def mark(conn: AsyncConnection) -> None:
        await lock_incidents(conn, [row])
        if not await queue.mark_dropped(conn, row, reason):
            return
        await _unblock(conn, row)
        if await unreached_page.may_arrive(conn, row):
            return
        for dedup_key in await unsent_deadlines(conn, row):
            await deadlines.mark_skipped(conn, dedup_key, reason)
        if row.kind in receipts.KINDS and (incident := await lock_incident(conn, row)) is not None:
            await receipts.record_settled(await begin(context, conn, incident), row)

    await context.database.batched(mark)
    context.wakeups.outbox.set()


async def retry_later(
    context: Context, row: ClaimedNotice, after: timedelta, error: str, *, uncertain: bool, trying: timedelta
) -> None:
    """Put the notice back for another attempt. A page failing for `PATIENCE` also goes out by the next method."""

    async def mark(conn: AsyncConnection) -> bool:
        await _unblock(conn, row)
        return await queue.retry_later(conn, row, after, error, uncertain=uncertain)

    if fallback_page.is_due(context, row, trying):
        await fallback_page.also_page(context, row, mark, f"{error.rstrip('.')}. It is tried again.", waits=False)
        return
    if alert_pages.is_due(row, trying):
        await alert_pages.also_page(context, row, mark, f"{error.rstrip('.')}. It is tried again.")
        return
    async with context.database.transaction() as conn:
        await mark(conn)
    context.wakeups.notify()


async def requeue(context: Context, row: ClaimedNotice, after: timedelta, why: str, *, trying: timedelta) -> None:
    """Put the notice back until a rate limit permits it. A page waiting for `PATIENCE` also tries the next method."""

    async def mark(conn: AsyncConnection) -> bool:
        await _unblock(conn, row)
        return await queue.requeue(conn, row, after, why)

    if fallback_page.is_due(context, row, trying):
        reason = (
            f"{calls.label(row.payload.get('method', 'slack'))} limits how many pages it takes; this one is waiting."
        )
        await fallback_page.also_page(context, row, mark, reason, waits=True)
        return
    await context.database.batched(mark)


async def wait_for_operator(context: Context, row: ClaimedNotice, after: timedelta, why: str) -> None:
    """Put the notice back until an operator has fixed what `why` says. A page tries the next method at once."""

    async def mark(conn: AsyncConnection) -> bool:
        await _edit_card(conn, row)
        return await queue.requeue(conn, row, after, f"{queue.BLOCKED}{why}")

    if row.kind in fallback_page.PAGES:
        reason = f"{why} It is tried again once that is fixed."
        await fallback_page.also_page(context, row, mark, reason, waits=False)
        return
    await context.database.batched(mark)
