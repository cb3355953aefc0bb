"""Queues messages to subscribers about publications, a portion at a time."""

from __future__ import annotations

from datetime import timedelta

import structlog

from bot.domain.routing.notice import SUBSCRIBER_KINDS, Notice
from bot.domain.routing.payloads import SubscriberPayload
from bot.domain.routing.subscribers import publication_notice
from bot.domain.statuspage.publication import Publication
from bot.domain.statuspage.subscriber import PENDING_FOR, Subscriber
from bot.usecases.context import Context
from storage.outbox import enqueue
from storage.statuspage import mailings, publications, subscribers
from storage.statuspage.mailings import Mailing
from storage.statuspage.subscribers import UnknownKind

log = structlog.get_logger()

ON_THEIR_WAY = 64  # notices to subscribers in the outbox at once, so that other notices do not wait behind them
TRIED_AGAIN = 2000  # once so many wait for a retry, the mail server is down, and no more are queued
PORTION = 16  # fewest to queue together
HANDED_KEPT = timedelta(days=7)


async def queue_portion(context: Context) -> int | None:
    """Queue messages to the next subscribers while there is room. Returns how many were read; None: nobody is left.

    During an upgrade, a list with a kind that this version does not know is left to a newer one.

    The position in the list is stored in the transaction that queues, so that a crash repeats and skips nobody.
    """
    async with context.database.reading() as conn:
        if not await mailings.waiting(conn):
            return None
        first, again = await mailings.under_way(conn, sorted(SUBSCRIBER_KINDS))
    room = ON_THEIR_WAY - first
    if room < PORTION or again >= TRIED_AGAIN:
        return 0
    try:
        count = await _queue(context, room)
    except UnknownKind as error:
        log.warning("subscribers.left_to_a_newer_version", reason=str(error))
        return None
    context.wakeups.notify()
    return count


async def _queue(context: Context, room: int) -> int:
    async with context.database.transaction() as conn:
        mailing = await mailings.lock_next(conn)
        if mailing is None:
            return 0
        publication = await publications.get(conn, mailing.publication)
        batch = await subscribers.active_after(conn, mailing.after, room)
        if publication is None or len(batch) < room:
            await mailings.finish(conn, mailing.id)
        else:
            await mailings.move_on(conn, mailing.id, batch[-1].id)
        if publication is None:
            return 0
        wanting = [subscriber for subscriber in batch if subscriber.wants(publication.components)]
        await enqueue.put(conn, [_notice(subscriber, mailing, publication) for subscriber in wanting])
    return len(batch)


async def clean_up(context: Context) -> None:
    """Delete addresses that were never confirmed, and old records of mails by earlier versions."""
    async with context.database.transaction() as conn:
        now = context.clock.now()
        await subscribers.forget_pending(conn, now - PENDING_FOR)
        await mailings.forget_handed(conn, now - HANDED_KEPT)


def _notice(subscriber: Subscriber, mailing: Mailing, publication: Publication) -> Notice:
    payload = SubscriberPayload(subscriber.id, publication.id, mailing.update_id)
    return publication_notice(subscriber.kind, mailing.id, payload)
