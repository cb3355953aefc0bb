"""Subscribes people to the status page: addresses once they are confirmed, and channels of Slack at once.

Every request gets the same answer, so that nobody learns who is subscribed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum

from bot.domain.errors import NotFound, Refused
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
from bot.usecases.unit_of_work import claim_delivery
from storage.outbox import enqueue
from storage.statuspage import subscribers

ID_LENGTH = 24
CHANNELS_AT_MOST = 1000  # by their IDs, which may be made up: each is a message at every publication
NOT_SUBSCRIBED = "This channel is not subscribed."


class TooManyRequests(Refused):
    """Too many addresses were asked to confirm lately, by all requests together."""


async def ask(context: Context, kind: SubscriberKind, address: str, components: Sequence[str]) -> str:
    """Send a message that asks to confirm the address; nothing if it got one lately.

    Returns the address as it is stored. Raises `Refused` for an invalid address, and `TooManyRequests`.
    """
    rules = context.policy.status_page
    if kind is SubscriberKind.WEBHOOK:
        address = web_address(address, loopback=bool(rules.webhook_networks))
    else:
        address = mail_address(address)
    component_keys = tuple(component.key for component in rules.components if component.key in set(components))
    if components and not component_keys:
        raise Refused("There is no such component any more. Open the form again, and choose from those that there are.")
    async with context.database.transaction() as conn:
        now = context.clock.now()
        if await subscribers.asked_since(conn, now - ASKED_WITHIN) >= ASKED_AT_MOST:
            raise TooManyRequests("Many people are subscribing just now. Try again in some minutes.")
        existing = await subscribers.lock_address(conn, kind, address)
        if existing is not None and not existing.may_be_asked(now):
            return address
        lately = now - ASKED_AGAIN_AFTER
        around = siblings(kind, address)
        if around is not None and await subscribers.asked_between(conn, kind, around, lately) >= SIBLINGS_AT_MOST:
            return address  # the same answer as for others, which reveals nothing
        subscriber = existing or Subscriber(new_id(ID_LENGTH), kind, address, now)
        subscriber = replace(subscriber, wanted=component_keys, asked_at=now, asked=subscriber.asked + 1)
        await subscribers.save(conn, subscriber)
        await enqueue.put(conn, [confirmation(subscriber)])
    context.wakeups.notify()
    return address


async def confirm(context: Context, token: str) -> Subscriber | None:
    """Confirm an address by the link in its mail. None for a forged link, or if the subscriber has left."""
    async with context.database.transaction() as conn:
        subscriber = subscriber_of(await signing_secret(conn), Purpose.CONFIRM, token)
        pending = await subscribers.get(conn, subscriber) if subscriber else None
        if pending is None:
            return None
        confirmed = replace(
            pending, components=pending.wanted, confirmed_at=pending.confirmed_at or context.clock.now()
        )
        await subscribers.save(conn, confirmed)
        return confirmed


async def unsubscribe(context: Context, token: str) -> bool:
    """Forget a subscriber by the link in each mail. Returns False for a forged link. Calling it twice is safe."""
    async with context.database.transaction() as conn:
        subscriber = subscriber_of(await signing_secret(conn), Purpose.UNSUBSCRIBE, token)
        if subscriber is None:
            return False
        await subscribers.delete(conn, subscriber)
        return True


async def is_ours(context: Context, purpose: Purpose, token: str) -> bool:
    """Whether the link is genuine."""
    async with context.database.reading() as conn:
        return subscriber_of(await signing_secret(conn), purpose, token) is not None


async def subscribe_channel(
    context: Context, channel: str, component: str | None, delivery: str | None = None
) -> Subscriber:
    """Tell a channel of a component, or of all. Calling it twice is safe. Raises `Refused` for one channel too many."""
    async with context.database.transaction() as conn:
        now = context.clock.now()
        await claim_delivery(conn, delivery, now)
        existing = await subscribers.lock_address(conn, SubscriberKind.SLACK, channel)
        if existing is not None and (not existing.components or component in existing.components):
            return existing
        if existing is None and await subscribers.count(conn, SubscriberKind.SLACK) >= CHANNELS_AT_MOST:
            raise Refused(f"{CHANNELS_AT_MOST} channels are subscribed already. End the subscription of one first.")
        new = existing or Subscriber(new_id(ID_LENGTH), SubscriberKind.SLACK, channel, now, confirmed_at=now)
        changed = replace(new, components=() if component is None else (*new.components, component))
        await subscribers.save(conn, changed)
        return changed


async def unsubscribe_channel(context: Context, channel: str, delivery: str | None = None) -> Subscriber:
    """Tell a channel nothing more. Returns what was removed. Raises `NotFound` if it was not subscribed."""
    async with context.database.transaction() as conn:
        await claim_delivery(conn, delivery, context.clock.now())
        existing = await subscribers.lock_address(conn, SubscriberKind.SLACK, channel)
        if existing is None:
            raise NotFound(NOT_SUBSCRIBED, "subscribe")
        await subscribers.delete(conn, existing.id)
        return existing


class ChannelChange(Enum):
    """The results of subscribing a channel."""

    BEGUN = "begun"
    ENDED = "ended"  # it was subscribed to just that
    COVERED = "covered"  # it is told of everything, and so of this component


@dataclass(frozen=True, slots=True)
class ChannelSubscription:
    """The subscription of a channel after a change."""

    change: ChannelChange
    components: tuple[str, ...] | None  # keys; empty: everything; None: nothing


async def toggle_channel(context: Context, channel: str, component: str | None) -> ChannelSubscription:
    """Subscribe a channel to a component, or to all; the same again ends that.

    A channel that is told of everything is not narrowed to a component: nobody would learn what it lost.
    """
    async with context.database.transaction() as conn:
        now = context.clock.now()
        existing = await subscribers.lock_address(conn, SubscriberKind.SLACK, channel)
        if existing is not None and component is not None and component in existing.components:
            remaining = tuple(key for key in existing.components if key != component)
            if not remaining:
                await subscribers.delete(conn, existing.id)
                return ChannelSubscription(ChannelChange.ENDED, None)
            await subscribers.save(conn, replace(existing, components=remaining))
            return ChannelSubscription(ChannelChange.ENDED, remaining)
        if existing is not None and not existing.components:
            if component is not None:
                return ChannelSubscription(ChannelChange.COVERED, ())
            await subscribers.delete(conn, existing.id)
            return ChannelSubscription(ChannelChange.ENDED, None)
        new = existing or Subscriber(new_id(ID_LENGTH), SubscriberKind.SLACK, channel, now, confirmed_at=now)
        changed = replace(new, components=() if component is None else (*new.components, component))
        await subscribers.save(conn, changed)
        return ChannelSubscription(ChannelChange.BEGUN, changed.components)
