"""Marks groups of alerts that stopped reporting as stale, and raises alerts for missing heartbeats."""

from __future__ import annotations

from bot.domain import routing
from bot.domain.alerts import group as groups_of_alerts
from bot.domain.alerts import heartbeat
from bot.domain.alerts.alert import AlertBatch, AlertStatus
from bot.usecases.alerts.due import claim_due
from bot.usecases.alerts.receive import receive_by
from bot.usecases.context import Context
from storage.alerts import deadlines, groups, heartbeats
from storage.outbox import enqueue

AT_ONCE = 50


async def claim_stale(context: Context) -> list[int]:
    """Claim groups that have not reported for the policy's `stale_after`. Returns their numbers."""
    return await claim_due(context, lambda conn, now: deadlines.claim_stale(conn, now, AT_ONCE))


async def grow_stale(context: Context, number: int) -> None:
    """Show on the card and in the incident that a group has stopped reporting. It still counts as firing."""
    async with context.database.serialized() as conn:
        await groups.lock_all(conn)
        now = context.clock.now()
        group = await groups.get(conn, number)
        due_at = await deadlines.due_at(conn, number, deadlines.STALE)
        if group is None or due_at is None or due_at > now:
            return  # it reported meanwhile
        await deadlines.settle(conn, number, deadlines.STALE)
        if group.state is not AlertStatus.FIRING:
            return
        await groups.save_many(conn, [groups_of_alerts.grow_stale(group, context.policy.alerts.stale_after, now)])
        await enqueue.put(conn, [routing.alert_card_edit(number)] if group.carded else [])
        await enqueue.put(conn, [routing.alerts_edit(group.incident)] if group.incident is not None else [])
    context.wakeups.notify()


async def tell_of_missing_heartbeats(context: Context) -> int:
    """Raise an alert for each missing heartbeat, routed from the top. Returns how many. Calling it twice is safe."""
    now = context.clock.now()
    async with context.database.reading() as conn:
        lapsed = await heartbeats.lapsed_heartbeats(conn, now, AT_ONCE)
    for beat in lapsed:
        policy = heartbeat.without_heartbeats(context.policy)
        await receive_by(context, AlertBatch((heartbeat.missing(beat),)), policy)
        async with context.database.transaction() as conn:
            await heartbeats.mark_told(conn, beat)
    return len(lapsed)
