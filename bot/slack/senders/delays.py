"""Decides which notices wait until Slack is back, to be told in a digest, and which pages were answered meanwhile."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain import routing
from bot.domain.incident import Incident
from bot.domain.paging import calls
from bot.domain.routing.digests import GATHERED, IN_ORDER, WITHHELD
from bot.domain.routing.notice import NoticeKind
from bot.domain.routing.send_result import WITHHELD_BY_DRILL, Deferred
from bot.domain.values.outage_span import OutageSpan, rehearsed_span, span_of
from bot.slack.senders.base import Delivery, KnownOutages, SenderContext
from bot.usecases import outage as outages
from bot.usecases.context import Context
from bot.usecases.outbox.digest import GATHERED_WITHIN, until_of
from storage.engine.batch_loader import BatchLoader
from storage.outbox.delayed import TOLD
from storage.outbox.queue import ClaimedNotice

PAGES = frozenset({NoticeKind.PAGE_CHANNEL, NoticeKind.PAGE_DIRECT, NoticeKind.PAGE_ELSEWHERE})
SOONEST, LATEST = timedelta(seconds=5), timedelta(minutes=1)
GATHERED_SOON = timedelta(seconds=10)
WHY_IN_ORDER = "Slack is down: once it is back, the worst incidents come first"
STORED = "outages"  # the only key of `stored_outages`
WHY = "Slack is down: it is told in a digest once Slack is back"


async def stored_outages(conn: AsyncConnection, keys: Collection[str]) -> dict[str, KnownOutages]:
    """The outages as they are stored, the same for each key."""
    return dict.fromkeys(keys, KnownOutages(await outages.current(conn), await outages.past_outages(conn)))


async def known_outages(
    context: Context, stored: BatchLoader[str, KnownOutages], notice: ClaimedNotice
) -> KnownOutages:
    """The outages that this process knows of, which may be some seconds out of date.

    For a page, and for a notice that may have waited for an outage, those that are stored.
    """
    waited = notice.attempts > 1 or datetime.now(UTC) - notice.created_at > SOONEST
    if notice.kind in PAGES or (context.outage is None and waited and notice.kind in WITHHELD | IN_ORDER):
        return await stored.get(STORED) or KnownOutages()
    return KnownOutages(context.outage, context.past_outages)


async def withheld(senders: SenderContext, delivery: Delivery) -> Deferred | Delivery:
    """The delivery if it may go on, else how long it waits; the end of the outage wakes it earlier.

    A message that may have been posted before the outage is looked for once Slack is back, and not posted again: if it
    is missing, the digest has it.
    """
    notice, now = delivery.notice, datetime.now(UTC)
    rehearsal = delivery.incident.rehearsal
    drilled = rehearsal is not None and rehearsal.over_wall is None and notice.kind != NoticeKind.GATHER
    if notice.kind not in WITHHELD | IN_ORDER and not drilled:
        return delivery
    if delivery.outages.current is not None or drilled:
        why = WHY_IN_ORDER if notice.kind in IN_ORDER else WHY
        return Deferred(WITHHELD_BY_DRILL if drilled else why, min(max(now - notice.created_at, SOONEST), LATEST))
    if notice.kind in IN_ORDER:
        return delivery
    last = next(iter(spans(delivery.outages, delivery.incident)), None)
    if last is None or notice.created_at > last.until_wall or now > last.until_wall + GATHERED_WITHIN:
        return delivery
    if await senders.receipts.get(routing.gathering(delivery.incident.number, last).dedup_key) is not None:
        return delivery
    if notice.uncertain:
        return replace(delivery, unless=TOLD) if notice.kind in GATHERED else delivery
    return Deferred(WHY, GATHERED_SOON)


def spans(known: KnownOutages, incident: Incident) -> tuple[OutageSpan, ...]:
    """The outages that are over: the drill of one in this incident, else those of Slack, the last first."""
    drill = incident.rehearsal and rehearsed_span(
        incident.rehearsal.since, incident.rehearsal.until, incident.rehearsal.over_wall
    )
    return (drill, *known.past) if drill else known.past


def waited_for(known: KnownOutages, incident: Incident, notice: ClaimedNotice) -> OutageSpan | None:
    """The outage that is over and that the notice waited for; None if it did not wait for one."""
    return span_of(spans(known, incident), notice.created_at)


def reason_if_answered(delivery: Delivery) -> str | None:
    """Why a page that waited for Slack is not repeated; None where it is, or did not wait.

    Slack may answer again before the outage counts as over. A page may be older than the outage, which counts from when
    a process noticed it: none may have run for a while.
    """
    notice = delivery.notice
    if notice.kind not in PAGES:
        return None
    past = spans(delivery.outages, delivery.incident)
    if delivery.outages.current is None and all(notice.created_at > span.until_wall for span in past):
        return None
    return calls.not_needed_because(delivery.incident, until_of(notice.payload))
