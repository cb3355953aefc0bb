"""Tells subscribers of what was published: a portion of them at a time goes into the outbox."""

from __future__ import annotations

from datetime import timedelta

import structlog

from bot.domain.routing.notice import SUBSCRIBER_KINDS, Notice
from bot.domain.routing.payloads import SubscriberPayload
from bot.domain.routing.subscribers import told
from bot.domain.statuspage.publication import Publication
from bot.domain.statuspage.subscriber import PENDING_FOR, Subscriber
from bot.usecases.context import Context
from storage.outbox import enqueue
from storage.statuspage import mailings, publications, subscribers
from storage.statuspage.mailings import Mailing
from storage.statuspage.subscribers import UnknownKind

log = structlog.get_logger()

ON_THEIR_WAY = 64  # notices to subscribers that wait in the outbox at once: others find it nearly empty
TRIED_AGAIN = 2000  # once so many wait for another attempt, the mail server is down: nobody else is queued
PORTION = 16  # at least so many are queued together
HANDED_KEPT = timedelta(days=7)


async def queue_portion(context: Context) -> int | None:
    """Queue the next subscribers, as many as there is room for. Returns how many were looked at; None: nobody is left.

    While an upgrade is under way, a list with a kind that this version does not know is left to a newer one.

    The place in the list is kept in the transaction that queues: after a crash it goes on there, and nobody is queued
    twice.
    """
    async with context.database.reading() as conn:
        if not await mailings.waiting(conn):
            return None
        first, again = await mailings.under_way(conn, sorted(SUBSCRIBER_KINDS))
    room = ON_THEIR_WAY - first
    if room < PORTION or again >= TRIED_AGAIN:
        return 0
    try:
        listed = await _queue(context, room)
    except UnknownKind as error:
        log.warning("subscribers.left_to_a_newer_version", reason=str(error))
        return None
    context.wakeups.notify()
    return listed


async def _queue(context: Context, room: int) -> int:
    async with context.database.transaction() as conn:
        mailing = await mailings.lock_next(conn)
        if mailing is None:
            return 0
        publication = await publications.get(conn, mailing.publication)
        listed = await subscribers.active_after(conn, mailing.after, room)
        if publication is None or len(listed) < room:
            await mailings.finish(conn, mailing.id)
        else:
            await mailings.move_on(conn, mailing.id, listed[-1].id)
        if publication is None:
            return 0
        wanting = [each for each in listed if each.wants(publication.components)]
        await enqueue.put(conn, [_notice(each, mailing, publication) for each in wanting])
    return len(listed)


async def clean_up(context: Context) -> None:
    """Forget addresses that were never confirmed, and what earlier versions noted of mails."""
    async with context.database.transaction() as conn:
        now = context.clock.now()
        await subscribers.forget_pending(conn, now - PENDING_FOR)
        await mailings.forget_handed(conn, now - HANDED_KEPT)


def _notice(subscriber: Subscriber, mailing: Mailing, publication: Publication) -> Notice:
    payload = SubscriberPayload(subscriber.id, publication.id, mailing.update_id)
    return told(subscriber.kind, mailing.id, payload)
