"""Silences alerts for a while, and ends silences early."""

from __future__ import annotations

from collections.abc import Sequence
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
from storage.alerts.members import Member
from storage.outbox import enqueue

AT_ONCE = 50  # groups that are compared together
MOST_ALERTS = 1000  # of each group that are read together with those of others


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
    in_force = await silences.in_force(conn, now)
    numbers = await groups.firing_numbers(conn, Decision.ASKED)
    for start in range(0, len(numbers), AT_ONCE):
        asked_groups = await groups.get_many(conn, numbers[start : start + AT_ONCE])
        alerts = await members.of_groups(conn, asked_groups.keys(), MOST_ALERTS)
        silenced_groups = [
            await _silenced(conn, group, alerts.get(number, []), in_force, now)
            for number, group in asked_groups.items()
        ]
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
        quiet = await groups.firing_numbers(conn, Decision.SILENCED)
        await deadlines.arm(conn, quiet, deadlines.DECIDE, now)
    return ended


async def silenced_group(conn: AsyncConnection, group: AlertGroup, now: datetime) -> AlertGroup | None:
    """The group as silenced, with its deadline at the end of the silence; None if any of its alerts is not silenced."""
    in_force = await silences.in_force(conn, now)
    if not in_force:
        return None
    return await _silenced_until(conn, group, await _silences_of(conn, group, in_force), now)


async def _silenced(
    conn: AsyncConnection, group: AlertGroup, alerts: Sequence[Member], in_force: Sequence[Silence], now: datetime
) -> AlertGroup | None:
    if len(alerts) < MOST_ALERTS:
        used = silenced_by([member.alert.labels for member in alerts if member.firing], in_force)
    else:
        used = await _silences_of(conn, group, in_force)
    return await _silenced_until(conn, group, used, now)


async def _silences_of(conn: AsyncConnection, group: AlertGroup, in_force: Sequence[Silence]) -> tuple[Silence, ...]:
    """The silences that keep all of the group's firing alerts quiet, however many fire; empty if one is not."""
    used: dict[int, Silence] = {}
    async for page in members.firing_pages(conn, group.number):
        matching = silenced_by([member.alert.labels for member in page], in_force)
        if not matching:
            return ()
        used |= {silence.number: silence for silence in matching}
    return tuple(used.values())


async def _silenced_until(
    conn: AsyncConnection, group: AlertGroup, used: Sequence[Silence], now: datetime
) -> AlertGroup | None:
    if not used:
        return None
    first = min(used, key=lambda silence: silence.ends_at)
    reason = f"{first.id} silences {first.in_words}" + (f": {first.reason}" if first.reason else "")
    await deadlines.arm(conn, [group.number], deadlines.DECIDE, first.ends_at)
    silenced = decide(group, Decision.SILENCED, reason, now, "silence", None if first.by == BOT else first.by)
    return replace(silenced, silenced_until=first.ends_at)
