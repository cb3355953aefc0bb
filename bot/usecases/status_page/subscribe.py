"""Subscribes people to the status page: addresses once they are confirmed, and channels of Slack at once.

Whoever asks is told the same in each case, so that nobody learns who is subscribed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bot.domain.errors import Refused
from bot.domain.routing.subscribers import confirmation
from bot.domain.statuspage.publication import new_id
from bot.domain.statuspage.subscriber import (
    ASKED_AGAIN_AFTER,
    ASKED_AT_MOST,
    ASKED_WITHIN,
    SIBLINGS_AT_MOST,
    Purpose,
    Subscriber,
    SubscriberKind,
    mail_address,
    siblings,
    subscriber_of,
    web_address,
)
from bot.usecases.context import Context
from bot.usecases.status_page.address import signing_secret
from storage.outbox import enqueue
from storage.statuspage import subscribers

ID_LENGTH = 24


class TooManyRequests(Refused):
    """Too many addresses were asked to confirm lately, whoever asked."""


async def ask(context: Context, kind: SubscriberKind, address: str, components: Sequence[str]) -> str:
    """Send a message that asks to confirm the address; nothing if it got one within the hour.

    Returns the address as it is stored. Raises `Refused` for what is no address, and `TooManyRequests`.
    """
    rules = context.policy.status_page
    if kind is SubscriberKind.WEBHOOK:
        address = web_address(address, loopback=bool(rules.webhook_networks))
    else:
        address = mail_address(address)
    known = tuple(each.key for each in rules.components if each.key in set(components))
    async with context.database.transaction() as conn:
        now = context.clock.now()
        if await subscribers.asked_since(conn, now - ASKED_WITHIN) >= ASKED_AT_MOST:
            raise TooManyRequests("Many people are subscribing just now. Try again in some minutes.")
        found = await subscribers.lock_address(conn, kind, address)
        lately = now - ASKED_AGAIN_AFTER
        if found is not None and found.asked_at is not None and found.asked_at > lately:
            return address
        around = siblings(kind, address)
        if around is not None and await subscribers.asked_between(conn, kind, around, lately) >= SIBLINGS_AT_MOST:
            return address  # the same answer: who asks learns nothing
        subscriber = found or Subscriber(new_id(ID_LENGTH), kind, address, now)
        subscriber = replace(subscriber, wanted=known, asked_at=now, asked=subscriber.asked + 1)
        await subscribers.save(conn, subscriber)
        await enqueue.put(conn, [confirmation(subscriber)])
    context.wakeups.notify()
    return address


async def confirm(context: Context, token: str) -> Subscriber | None:
    """Confirm an address by the link in its mail. None for a link that is not ours, or of one who has left."""
    async with context.database.transaction() as conn:
        subscriber = subscriber_of(await signing_secret(conn), Purpose.CONFIRM, token)
        found = await subscribers.get(conn, subscriber) if subscriber else None
        if found is None:
            return None
        confirmed = replace(found, components=found.wanted, confirmed_at=found.confirmed_at or context.clock.now())
        await subscribers.save(conn, confirmed)
        return confirmed


async def unsubscribe(context: Context, token: str) -> bool:
    """Forget a subscriber by the link in each mail. Returns False for a link that is not ours; twice is fine."""
    async with context.database.transaction() as conn:
        subscriber = subscriber_of(await signing_secret(conn), Purpose.UNSUBSCRIBE, token)
        if subscriber is None:
            return False
        await subscribers.delete(conn, subscriber)
        return True


async def is_ours(context: Context, purpose: Purpose, token: str) -> bool:
    """Whether we made this link."""
    async with context.database.reading() as conn:
        return subscriber_of(await signing_secret(conn), purpose, token) is not None


async def toggle_channel(context: Context, channel: str, component: str | None) -> Subscriber | None:
    """Have a channel told of a component, or of all; None if it was subscribed to just that, and is told no more."""
    async with context.database.transaction() as conn:
        now = context.clock.now()
        found = await subscribers.lock_address(conn, SubscriberKind.SLACK, channel)
        if found is not None and component is not None and component in found.components:
            rest = tuple(each for each in found.components if each != component)
            if not rest:
                await subscribers.delete(conn, found.id)
                return None
            changed = replace(found, components=rest)
        elif found is not None and component is None and not found.components:
            await subscribers.delete(conn, found.id)
            return None
        else:
            new = found or Subscriber(new_id(ID_LENGTH), SubscriberKind.SLACK, channel, now, confirmed_at=now)
            changed = replace(new, components=() if component is None else (*new.components, component))
        await subscribers.save(conn, changed)
        return changed
