"""Pages others when a page (a call to respond) reached nobody by any method.

Slack or a vendor refused every attempt for good: the account is gone, the number does not exist. The others are people
on the same rung (step) of the escalation ladder, or the next rung.
"""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain import routing
from bot.domain.incident import Change, Incident
from bot.domain.outcome import PageCause, of_paging
from bot.domain.paging import ladder
from bot.domain.paging.ladder import is_reached
from bot.domain.routing import keys
from bot.domain.routing.notice import NoticeKind
from bot.domain.routing.payloads import ChannelPagePayload, PagePayload, PersonPagePayload
from bot.domain.timeline.entry import BOT, Entry, entry
from bot.usecases.unit_of_work import UnitOfWork
from storage.outbox import census
from storage.outbox.payloads import read_payload
from storage.outbox.queue import ClaimedNotice

PAGES = frozenset({NoticeKind.PAGE_DIRECT, NoticeKind.PAGE_VENDOR, NoticeKind.PAGE_ELSEWHERE})


async def may_arrive(conn: AsyncConnection, row: ClaimedNotice) -> bool:
    """Whether the row belongs to a page of which another attempt was sent, or may still be."""
    if row.incident is None or _payload(row) is None:
        return False
    return await census.page_may_arrive(conn, row.incident, routing.page_base(row.dedup_key, row.payload))


async def page_others(work: UnitOfWork, row: ClaimedNotice, error: str) -> bool:
    """Page others, since this row was the last attempt of its page. True if the same rung pages others by its deadline.

    No rung follows a page by hand or by a trigger: the channel is told, and with it the person who requested the page.
    Does nothing for a row that pages nobody.
    """
    payload = _payload(row)
    if payload is None or work.incident.drill or not work.incident.open:
        return False
    base = routing.page_base(row.dedup_key, row.payload)
    error = await _all_errors(work, base, error)
    unpaged = _without_page(work.incident, payload)
    if payload.rung is None:
        text = f"{payload.why or payload.called}: nobody was reached. {error}"
        await work.commit(Change(unpaged, (_channel_entry(work, text),)))
        return False
    if not _is_current(work, base, payload.rung):
        return False
    why = f"nobody on rung {payload.rung} could be reached"
    if any(page.rung > payload.rung for page in work.incident.ladder.pages):
        await work.commit(Change(unpaged, (_channel_entry(work, f"Rung {payload.rung} reached nobody: {error}"),)))
        return False
    context = await work.paging_context()
    tried = (*payload.people, *payload.channels)
    paging = ladder.page_instead(unpaged, context, why, payload.rung, tried, payload.times)
    if paging.rung == payload.rung:
        paging = replace(paging, plan=replace(paging.plan, gaps=(error.rstrip("."), *paging.plan.gaps)))
        await work.write(of_paging(unpaged, paging, PageCause(why, keys.rung_key(unpaged, payload.rung)), context))
        return True
    next_paging = replace(paging, fell_through=((payload.rung, error.rstrip(".")), *paging.fell_through))
    outcome = of_paging(unpaged, next_paging, PageCause(why, f"unreached:{base}"), context)
    rung_key = keys.rung_key(unpaged, payload.rung)  # its row fails, with what Slack or the vendor said
    ledger = tuple(decision for decision in outcome.ledger if decision.dedup_key != rung_key)
    await work.write(replace(outcome, ledger=ledger))
    return False


async def _all_errors(work: UnitOfWork, base: str, error: str) -> str:
    """The errors of all attempts of the page, each once, the last one's at the end."""
    failed = await census.failures(work.conn, work.incident.number)
    errors = [notice.error for notice in failed if notice.dedup_key.startswith(f"{base}:")]
    return "; ".join(dict.fromkeys(text.rstrip(".") for text in (*errors, error) if text)) + "."


def _payload(row: ClaimedNotice) -> PagePayload | None:
    if row.kind == NoticeKind.PAGE_ELSEWHERE:
        return read_payload(row, ChannelPagePayload)
    return read_payload(row, PersonPagePayload) if row.kind in PAGES and "base" in row.payload else None


def _is_current(work: UnitOfWork, base: str, number: int) -> bool:
    """Whether the page belongs to the current ladder, and its rung has still to be paged."""
    incident = work.incident
    rungs = work.policy.severity(incident.severity).ladder
    if not base.startswith(routing.page_prefix(incident)) or number > len(rungs):
        return False
    return not is_reached(incident, rungs[number - 1].until)


def _without_page(incident: Incident, payload: PagePayload) -> Incident:
    """The incident without this page: its rung is not repeated, and does not count as paged when a target lapses."""
    number = payload.rung or 0
    pages = incident.ladder.pages
    other_pages = tuple(page for page in pages if page.rung != number or (not number and page.people != payload.people))
    return replace(incident, ladder=replace(incident.ladder, pages=other_pages))


def _channel_entry(work: UnitOfWork, text: str) -> Entry:
    return entry(work.now, "escalated", BOT, text, told=True)
