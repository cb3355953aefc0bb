"""Silences alerts for a while, and ends silences early."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain import routing
from bot.domain.alerts.group import AlertGroup, Decision, decide
from bot.domain.alerts.silence import Silence, silenced_by
from bot.domain.errors import NotFound
from bot.domain.timeline.entry import BOT
from bot.usecases import authorize
from bot.usecases.alerts import escalate, inhibit
from bot.usecases.context import Context
from bot.usecases.unit_of_work import claim_delivery
from storage.alerts import deadlines, groups, members, silences
from storage.outbox import enqueue

MOST_GROUPS = 1000
MOST_ALERTS = 1000


async def add_silence(context: Context, silence: Silence, delivery: str | None = None) -> Silence:
    """Store a silence, and silence the groups that people are asked about. Raises `Refused` without permission."""
    if silence.by != BOT:
        authorize.require(context, "silence", silence.by)
    async with context.database.serialized() as conn:
        await groups.lock_all(conn)
        now = context.clock.now()
        await claim_delivery(conn, delivery, now)
        stored = await add_in(conn, silence, now)
    context.wakeups.notify()
    return stored


async def add_in(conn: AsyncConnection, silence: Silence, now: datetime) -> Silence:
    """Do what `add_silence` does, in a transaction that holds the lock of all groups."""
    stored = await silences.add(conn, silence)
    asked_groups = [group for group in await groups.firing(conn, MOST_GROUPS) if group.decision is Decision.ASKED]
    silenced_groups = [await silenced_group(conn, group, now) for group in asked_groups]
    changed = await escalate.settle_pages(conn, [group for group in silenced_groups if group is not None])
    await groups.save_many(conn, changed)
    await enqueue.put(conn, [routing.alert_card_edit(group.number) for group in changed])
    await inhibit.lift(conn, [group.number for group in changed], now)
    return stored


async def end_silence(context: Context, number: int) -> Silence:
    """End a silence now. Silenced groups that still fire are decided again. Raises `NotFound`."""
    async with context.database.serialized() as conn:
        await groups.lock_all(conn)
        now = context.clock.now()
        ended = await end_in(conn, number, now)
        if ended is None:
            raise NotFound(f"There is no silence SI-{number} in force.", "alerts")
    context.wakeups.notify()
    context.wakeups.alerts.set()
    return ended


async def end_in(conn: AsyncConnection, number: int, now: datetime) -> Silence | None:
    """Do what `end_silence` does, in a transaction that holds the lock of all groups. None if the silence is over."""
    ended = await silences.end(conn, number, now)
    if ended is not None:
        firing = await groups.firing(conn, MOST_GROUPS)
        quiet = [group.number for group in firing if group.decision is Decision.SILENCED]
        await deadlines.arm(conn, quiet, deadlines.DECIDE, now)
    return ended


async def silenced_group(conn: AsyncConnection, group: AlertGroup, now: datetime) -> AlertGroup | None:
    """The group as silenced, with its deadline at the end of the silence; None if any of its alerts is not silenced."""
    in_force = await silences.in_force(conn, now)
    if not in_force:
        return None
    firing = [
        member.alert.labels for member in await members.of_group(conn, group.number, MOST_ALERTS) if member.firing
    ]
    used = silenced_by(firing, in_force)
    if not used:
        return None
    first = min(used, key=lambda silence: silence.ends_at)
    reason = f"{first.id} silences {first.in_words}" + (f": {first.reason}" if first.reason else "")
    await deadlines.arm(conn, [group.number], deadlines.DECIDE, first.ends_at)
    silenced = decide(group, Decision.SILENCED, reason, now, "silence", None if first.by == BOT else first.by)
    return replace(silenced, silenced_until=first.ends_at)
