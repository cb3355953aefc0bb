"""Gathers messages that were held back while Slack was down into digests for the channel and the announcement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain import routing
from bot.domain.incident import Incident
from bot.domain.paging import calls
from bot.domain.policy.policy import Until
from bot.domain.routing import digests
from bot.domain.routing.notice import Notice, NoticeKind
from bot.domain.values.outage_span import OutageSpan
from bot.usecases.context import Context
from bot.usecases.outbox.rows import unsent_deadlines
from storage import deadlines, incidents
from storage.engine.dialect import wall_now
from storage.outbox import delayed, enqueue, queue
from storage.outbox.delayed import WaitingNotice
from storage.timeline import entries as timeline

# After the end of the outage. A message that may have arrived and is not looked up by then is sent separately.
GATHERED_WITHIN = timedelta(minutes=5)
NEWER_PAGE = "a later page in the channel names everybody who is needed"


async def gather(context: Context, number: int, span: OutageSpan) -> bool:
    """Replace waiting messages by digests, in one transaction. False while one is being sent or may have arrived.

    Calling it twice is safe: the second time no message waits, and the digests exist.
    """
    async with context.database.transaction() as conn:
        incident = await incidents.lock(conn, number)
        if incident is None:
            return True
        rows = await delayed.waiting(conn, number, span.until_wall)
        settled = [row for row in rows if row.state != "leased" and not row.uncertain]
        if len(settled) < len(rows) and await wall_now(conn) < span.until_wall + GATHERED_WITHIN:
            return False
        if incident.channel_id is None and not await enqueue.exists(conn, routing.channel_key(number)):
            return True  # it has no channel and will get none
        await _gather(conn, incident, settled, span)
    context.wakeups.outbox.set()
    return True


async def _gather(conn: AsyncConnection, incident: Incident, rows: Sequence[WaitingNotice], span: OutageSpan) -> None:
    number = incident.number
    told_later = [row for row in rows if row.kind in digests.GATHERED and not _under_card(row, incident)]
    seqs = set(await timeline.seqs_between(conn, number, span.since, span.until, routing.TOLD_IN_DIGEST))
    seqs.update(seq for row in told_later for seq in _seqs(row.payload))
    seqs.update(seq for payload in await delayed.payloads_in_digest(conn, number, span) for seq in _seqs(payload))
    for payload in await delayed.payloads_beside_digest(conn, number, span):
        seqs.difference_update(_seqs(payload))
    notices = await _digests(conn, incident, span, seqs, digests.CHANNEL)
    replies = [row for row in rows if row.kind == NoticeKind.THREAD]
    if len(replies) > digests.OWN_REPLIES:
        under = {seq for row in replies for seq in _seqs(row.payload)}
        notices += await _digests(conn, incident, span, under, digests.ANNOUNCEMENT)
        told_later += replies
    await enqueue.put(conn, notices)
    receipts = [row for row in rows if row.kind == NoticeKind.STATUS_RECEIPT]
    await delayed.end(conn, [*told_later, *receipts[:-1]])
    await queue.wake(conn, number)  # messages that are not part of a digest
    await _keep_newest_page(conn, incident, [row for row in rows if row.kind == NoticeKind.PAGE_CHANNEL])


async def _digests(
    conn: AsyncConnection, incident: Incident, span: OutageSpan, seqs: set[int], place: str
) -> list[Notice]:
    records = await timeline.by_seqs(conn, incident.number, sorted(seqs)) if seqs else []
    return routing.digest_notices(incident.number, span, records, place)


async def _keep_newest_page(conn: AsyncConnection, incident: Incident, pages: Sequence[WaitingNotice]) -> None:
    """Post only the newest of the channel pages that are still needed, and end the others."""
    needed = [row for row in pages if calls.not_needed_because(incident, until_of(row.payload)) is None]
    await delayed.end(conn, needed[:-1])
    for row in needed[:-1]:
        for dedup_key in await unsent_deadlines(conn, row):
            await deadlines.mark_skipped(conn, dedup_key, NEWER_PAGE)


def until_of(payload: Mapping[str, object]) -> str:
    """The state that ends a page, of its payload: one of `Until`."""
    return str(payload.get("unless") or Until.ACKNOWLEDGED)  # an older version's has none in channels


def _under_card(row: WaitingNotice, incident: Incident) -> bool:
    return row.payload.get("under") == routing.card_key(incident.number)


def _seqs(payload: Mapping[str, object]) -> list[int]:
    seqs, seq = payload.get("seqs"), payload.get("seq")
    numbers = list(seqs) if isinstance(seqs, list | tuple) else []
    return [*numbers, *([seq] if isinstance(seq, int) else [])]
